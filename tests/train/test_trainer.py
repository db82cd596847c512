"""fit, evaluate, predict."""

import numpy as np
import pytest

import pellucid
from pellucid import Tensor, nn, optim
from pellucid.data import ArrayDataset, Loader, Shift
from pellucid.errors import OptionError
from pellucid.train import Callback, Trainer, top_k
from pellucid.train.trainer import prepare
from tests.agreement import assert_agrees, on_every_engine


def test_training_learns(blobs, make_trainer):
    trainer = make_trainer()
    history = trainer.fit(blobs, epochs=20, batch_size=16, validation=blobs, progress=False)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert trainer.evaluate(blobs)["accuracy"] > 0.9
    assert history.last["validation_accuracy"] == trainer.evaluate(blobs)["accuracy"]
    assert set(history.last) == {
        *("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"),
        *("learning_rate", "steps", "seconds"),
    }


@on_every_engine
def test_a_fit_is_the_loop_that_one_writes_by_hand(blobs, make_trainer, engine_name):
    trainer, by_hand = make_trainer(), make_trainer()
    pellucid.seed(5)
    with pellucid.engine(engine_name):
        trainer.fit(blobs, epochs=2, batch_size=16, seed=3, progress=False)
    pellucid.seed(5)
    for x, t in [
        batch for _, loader in [(0, Loader(blobs, 16, shuffle=True, seed=3))] for _ in range(2) for batch in loader
    ]:
        loss = by_hand.loss(by_hand.model(Tensor(x)), Tensor(t))
        by_hand.optimizer.zero_grad()
        loss.backward()
        by_hand.optimizer.step()
    # The bias before a normalisation has no gradient but its rounding, which Adam makes steps of.
    only_rounding = ("0.bias", "1.running_mean") if engine_name != "reference" else ()
    for name, array in by_hand.model.state_dict().items():
        if name in only_rounding:
            continue
        assert_agrees(trainer.model.state_dict()[name], array, engine_name, 30.0, what=name)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(blobs, make_trainer):
    def weights(seed):
        trainer = make_trainer()
        trainer.fit(blobs, epochs=2, batch_size=16, seed=seed, progress=False)
        return trainer.model.state_dict()["0.weight"]

    np.testing.assert_array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))


def test_how_the_steps_are_cut_into_calls_changes_nothing(blobs, make_trainer, monkeypatch):
    def run(seconds):
        monkeypatch.setattr("pellucid.train.loop.LOOK_UP_SECONDS", seconds)
        trainer = make_trainer()
        history = trainer.fit(
            blobs, epochs=3, batch_size=7, transform=lambda x, g: x + g.normal(size=x.shape), progress=False
        )
        return trainer.model.state_dict(), history["loss"]

    (one, one_loss), (many, many_loss) = run(0.0), run(1e6)
    assert one_loss == many_loss
    for name in one:
        np.testing.assert_array_equal(one[name], many[name], err_msg=name)


def test_the_loss_of_an_epoch_is_the_mean_over_examples_not_batches(make_trainer):
    x, t = np.zeros((3, 4), np.float32), np.array([0.0, 0.0, 3.0], np.float32)
    model = nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    model[0].bias.requires_grad = model[0].weight.requires_grad = False
    model.load_state_dict({"0.weight": np.zeros((1, 4)), "0.bias": np.zeros(1)})
    trainer = Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    assert trainer.evaluate(ArrayDataset(x, t), batch_size=2) == {"loss": pytest.approx(3.0)}


def test_a_fraction_is_held_out_for_validation(blobs, make_trainer):
    seen = []

    class Count(Callback):
        def on_steps(self, trainer, position):
            seen.append(position.latest)

    history = make_trainer().fit(blobs, validation=0.25, batch_size=5, callbacks=[Count()], progress=False)
    assert sum(seen) == 45
    assert history.last["steps"] == 9
    assert "validation_loss" in history.last


def test_other_metrics_stand_in_the_history(blobs, make_trainer):
    history = make_trainer(metrics={"top_2": top_k(2)}).fit(blobs, batch_size=20, progress=False)
    assert "top_2" in history.last
    assert "accuracy" not in history.last


def test_regression_has_no_accuracy(make_trainer):
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    model = nn.Linear(1, 1)
    trainer = Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.5))
    history = trainer.fit(ArrayDataset(x, 2 * x + 1), epochs=60, batch_size=8, progress=False)
    assert set(history.last) == {"epoch", "loss", "learning_rate", "steps", "seconds"}
    assert model.weight.item() == pytest.approx(2, abs=1e-3)
    assert model.bias.item() == pytest.approx(1, abs=1e-3)


def test_pixels_become_fractions_and_floats_the_dtype_of_the_model():
    assert prepare(Tensor(np.array([0, 1, 255], np.uint8)), np.float64).tolist() == [0.0, 1 / 255, 1.0]
    assert prepare(Tensor(np.zeros(2)), np.dtype("float32")).dtype == np.float32
    assert prepare(Tensor([1, 2]), np.dtype("float32")).dtype == np.int64


def test_a_model_of_float64_trains_on_pixels():
    rng = np.random.default_rng(0)
    dataset = ArrayDataset(rng.integers(0, 256, (20, 1, 4, 4), dtype=np.uint8), np.arange(20) % 2)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).double()
    trainer = Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()))
    trainer.fit(dataset, epochs=2, batch_size=8, transform=[Shift(1)], progress=False)
    assert trainer.predict(dataset.x).dtype == np.float64


def test_the_mode_of_every_layer_is_as_before_after_evaluating(blobs, make_trainer):
    trainer = make_trainer()
    trainer.model[3].eval()
    trainer.evaluate(blobs)
    assert [layer.training for layer in trainer.model] == [True, True, True, False, True]


def test_predict_gives_the_outputs_whatever_the_batches(blobs, make_trainer):
    trainer = make_trainer()
    trainer.fit(blobs, batch_size=20, progress=False)
    once = trainer.predict(blobs.x)
    assert once.shape == (60, 3)
    np.testing.assert_allclose(trainer.predict(blobs.x, batch_size=7), once, rtol=1e-5, atol=1e-6)
    assert trainer.predict(blobs.x[:0]).shape == (0, 3)
    trainer.model.eval()
    np.testing.assert_allclose(trainer.model(Tensor(blobs.x)).numpy(), once, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("each", "rates"), [("step", [0.05 * 0.5**3, 0.05 * 0.5**6]), ("epoch", [0.05, 0.025])])
def test_the_schedule_goes_on_by_steps_or_by_epochs(blobs, make_trainer, each, rates):
    trainer = make_trainer(scheduler=lambda o: optim.StepLR(o, step_size=1, gamma=0.5), schedule_each=each)
    history = trainer.fit(blobs, epochs=2, batch_size=20, progress=False)
    assert history["learning_rate"] == pytest.approx(rates)


def test_clipping_bounds_the_step(blobs):
    model = nn.Linear(4, 3)
    before = model.state_dict()
    trainer = Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=1.0), clip_norm=1e-3)
    trainer.fit(blobs, batch_size=60, progress=False)
    moved = np.sqrt(sum(((after - before[name]) ** 2).sum() for name, after in model.state_dict().items()))
    assert moved == pytest.approx(1e-3, rel=1e-2)


def test_a_callback_hears_everything_and_can_stop(blobs, make_trainer):
    heard = []

    class Listen(Callback):
        def on_start(self, trainer, position):
            heard.append("start")

        def on_steps(self, trainer, position):
            heard.append("steps")

        def on_epoch(self, trainer, position, record):
            heard.append(record["epoch"])
            position.stop = record["epoch"] == 2

        def on_end(self, trainer, position):
            heard.append("end")

    history = make_trainer().fit(blobs, epochs=5, batch_size=60, callbacks=[Listen()], progress=False)
    assert heard == ["start", "steps", 1, "steps", 2, "end"]
    assert len(history) == 2


WRONG = [
    ({"epochs": 0}, "fit: epochs=0 must be a whole number, 1 or more"),
    ({"epochs": 1.5}, "fit: epochs=1.5 must be a whole number, 1 or more"),
    ({"batch_size": 0}, "Loader: batch_size=0 must be a whole number, 1 or more"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_options_out_of_range_are_refused(blobs, make_trainer, options, message):
    with pytest.raises(OptionError) as error:
        make_trainer().fit(blobs, **options, progress=False)
    assert str(error.value) == message


def test_a_trainer_refuses_what_it_cannot_do():
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters())
    with pytest.raises(OptionError) as error:
        Trainer(model, nn.MSELoss(), optimizer, clip_norm=0)
    assert str(error.value) == "Trainer: clip_norm=0 leaves no gradient; give a number above 0, or None"
    with pytest.raises(OptionError) as error:
        Trainer(model, nn.MSELoss(), optimizer, schedule_each="batch")
    assert str(error.value) == "Trainer: schedule_each='batch'; give 'step' or 'epoch'"
    with pytest.raises(OptionError) as error:
        Trainer(model, nn.MSELoss(), optimizer).evaluate(ArrayDataset(np.zeros((0, 1)), np.zeros((0, 1))))
    assert str(error.value) == "evaluate: the data set has no examples; give one at least"


def test_a_layer_that_is_frozen_after_compiling_stays_as_it_is(blobs, make_trainer):
    trainer = make_trainer()
    trainer.fit(blobs, batch_size=20, progress=False)
    trainer.model[0].requires_grad_(False)
    before = trainer.model.state_dict()
    trainer.fit(blobs, batch_size=20, progress=False)
    np.testing.assert_array_equal(trainer.model.state_dict()["0.weight"], before["0.weight"])
    assert not np.array_equal(trainer.model.state_dict()["4.weight"], before["4.weight"])


def test_the_graph_of_a_step_names_the_parameters(blobs, make_trainer):
    trainer = make_trainer()
    lines = str(trainer.graph(*blobs[:20])).splitlines()
    assert lines[2].startswith("%0.weight ")
    assert lines[-1].startswith("return ")
