"""A run that is broken off and resumed ends with the same bits."""

import numpy as np
import pytest

from pellucid import optim
from pellucid.errors import CheckpointError
from pellucid.train import Callback, EarlyStopping
from pellucid.train.checkpoint import read_arrays, write_arrays
from pellucid.train.resume import snapshot
from tests.train import kill


class Break(Callback):
    """Ends the process's interest in the run after so many looks."""

    def __init__(self, after):
        self.left = after

    def on_steps(self, trainer, position):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("broken off")


def step_decay(optimizer):
    return optim.StepLR(optimizer, step_size=5, gamma=0.9)


def fit(make_trainer, data, path, after=None, resume=False, epochs=4):
    trainer = make_trainer(seed=9 if resume else 0, scheduler=step_decay)  # resumed from another start
    callbacks = [] if after is None else [Break(after)]
    history = trainer.fit(
        data,
        epochs=epochs,
        batch_size=7,
        validation=data,
        transform=lambda x, g: x + g.normal(size=x.shape).astype(x.dtype),
        callbacks=callbacks,
        early_stopping=EarlyStopping(2),
        checkpoint=path,
        checkpoint_every=0.0,
        resume=resume,
        progress=False,
    )
    return snapshot(trainer), [{k: v for k, v in r.items() if k != "seconds"} for r in history]


@pytest.mark.parametrize("after", [1, 2, 9, 10, 25])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, blobs, make_trainer, monkeypatch, after):
    monkeypatch.setattr("pellucid.train.loop.LOOK_UP_SECONDS", 0.0)
    whole, whole_history = fit(make_trainer, blobs, tmp_path / "whole")
    with pytest.raises(RuntimeError, match="broken off"):
        fit(make_trainer, blobs, tmp_path / "broken", after=after)
    resumed, history = fit(make_trainer, blobs, tmp_path / "broken", resume=True)
    assert history == whole_history
    for name, array in whole.items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)


def test_a_run_can_be_made_longer(tmp_path, blobs, make_trainer):
    whole, _ = fit(make_trainer, blobs, tmp_path / "a", epochs=4)
    fit(make_trainer, blobs, tmp_path / "b", epochs=2)
    longer, history = fit(make_trainer, blobs, tmp_path / "b", epochs=4, resume=True)
    assert len(history) == 4
    np.testing.assert_array_equal(whole["model.0.weight"], longer["model.0.weight"])


def test_a_finished_run_resumed_does_nothing(tmp_path, blobs, make_trainer):
    end, history = fit(make_trainer, blobs, tmp_path / "a")
    again, same = fit(make_trainer, blobs, tmp_path / "a", resume=True)
    assert same == history
    np.testing.assert_array_equal(end["model.0.weight"], again["model.0.weight"])


def test_without_a_checkpoint_a_resumed_run_starts(tmp_path, blobs, make_trainer):
    _, history = fit(make_trainer, blobs, tmp_path / "a", resume=True)
    assert len(history) >= 1


def test_another_batch_size_is_refused(tmp_path, blobs, make_trainer):
    path = tmp_path / "a"
    make_trainer().fit(blobs, batch_size=20, checkpoint=path, progress=False)
    with pytest.raises(CheckpointError) as error:
        make_trainer().fit(blobs, batch_size=10, checkpoint=path, resume=True, progress=False)
    assert str(error.value) == (
        f"resume: {path} was made with batch_size=20, this run has batch_size=10; "
        "give the same batch_size, or start anew in another folder"
    )


def test_another_optimizer_is_refused_and_nothing_changed(tmp_path, blobs, make_trainer):
    path = tmp_path / "a"
    make_trainer().fit(blobs, batch_size=20, checkpoint=path, progress=False)
    other = make_trainer(seed=1)
    other.optimizer = optim.SGD(other.model.parameters(), momentum=0.9)
    before = snapshot(other)
    with pytest.raises(CheckpointError) as error:
        other.fit(blobs, batch_size=20, checkpoint=path, resume=True, progress=False)
    assert str(error.value) == (
        "resume: the checkpoint is of another run: SGD: the state has no momentum_buffer.0; "
        "it belongs to other parameters or options"
    )
    for name, array in snapshot(other).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_the_learning_rate_of_a_resumed_run_is_the_checkpoints(tmp_path, blobs, make_trainer):
    make_trainer(lr=0.05).fit(blobs, batch_size=20, checkpoint=tmp_path / "a", progress=False)
    other = make_trainer(lr=0.5)
    other.fit(blobs, batch_size=20, checkpoint=tmp_path / "a", resume=True, progress=False)
    assert other.optimizer.lr == 0.05


@pytest.mark.parametrize(
    ("name", "value"),
    [("position", {"epoch": 1}), ("position", 3), ("history", {}), ("run", []), ("early_stopping", {"better": 1.0})],
)
def test_notes_of_another_version_are_refused(tmp_path, blobs, make_trainer, name, value):
    path = tmp_path / "a"
    make_trainer().fit(blobs, batch_size=20, checkpoint=path, progress=False)
    arrays, notes = read_arrays(path)
    write_arrays(path, arrays, {**notes, name: value})
    with pytest.raises(CheckpointError) as error:
        make_trainer().fit(blobs, batch_size=20, checkpoint=path, resume=True, progress=False)
    assert str(error.value) == (
        f"resume: {path} has a {name} that this version of Pellucid does not write; "
        "go on with the version that wrote it, or start anew in another folder"
    )


def test_weights_alone_are_no_run(tmp_path, blobs, make_trainer):
    import pellucid

    trainer = make_trainer()
    pellucid.save(trainer.model, tmp_path / "w")
    with pytest.raises(CheckpointError) as error:
        trainer.fit(blobs, checkpoint=tmp_path / "w", resume=True, progress=False)
    assert str(error.value) == (
        f"resume: {tmp_path / 'w'} holds weights but no run; load them with pellucid.load instead"
    )
    with pytest.raises(CheckpointError) as error:
        trainer.fit(blobs, resume=True, progress=False)
    assert str(error.value) == "resume: there is no file to resume from; give fit(checkpoint=...)"


def test_a_run_that_is_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    assert kill.killed_and_resumed(tmp_path, runs=2, seed=0) == 2
