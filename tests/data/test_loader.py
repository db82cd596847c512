"""Loader and epoch_order: batches, orders, and the numbers that a resumed run must see again."""

import numpy as np
import pytest

from pellucid.data import ArrayDataset, Loader, epoch_order
from pellucid.errors import OptionError


@pytest.fixture
def dataset():
    return ArrayDataset(np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1), np.arange(10))


def labels(loader, epoch):
    return [t.tolist() for _, t in loader.batches(epoch)]


def test_the_last_partial_batch_is_kept_or_dropped(dataset):
    kept, dropped = Loader(dataset, 4), Loader(dataset, 4, drop_last=True)
    assert labels(kept, 0) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert labels(dropped, 0) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert (len(kept), len(dropped)) == (3, 2)


def test_inputs_and_targets_stay_together(dataset):
    for x, t in Loader(dataset, 3, shuffle=True):
        assert x.ravel().tolist() == t.tolist()


def test_the_order_depends_on_seed_and_epoch_alone(dataset):
    loader = Loader(dataset, 3, shuffle=True, seed=7)
    assert sorted(loader.order(0)) == list(range(10))
    assert loader.order(5).tolist() == Loader(dataset, 3, shuffle=True, seed=7).order(5).tolist()
    assert loader.order(5).tolist() != loader.order(6).tolist()
    assert loader.order(5).tolist() != Loader(dataset, 3, shuffle=True, seed=8).order(5).tolist()


def test_the_whole_order_is_the_batches_in_a_row(dataset):
    loader = Loader(dataset, 4, shuffle=True, seed=1)
    assert np.concatenate([t for _, t in loader.batches(2)]).tolist() == loader.order(2).tolist()


def test_each_iteration_is_the_next_epoch_even_after_a_break(dataset):
    loader = Loader(dataset, 5, shuffle=True)
    for _ in loader:
        break
    assert loader.epoch == 1
    assert [t.tolist() for _, t in loader] == labels(loader, 1)


def test_a_run_resumes_at_an_epoch_and_a_batch(dataset):
    def noise(images, generator):
        return images + generator.random(images.shape, np.float32)

    loader = Loader(dataset, 2, shuffle=True, seed=3, transform=noise)
    whole = [list(loader) for _ in range(3)]
    resumed = Loader(dataset, 2, shuffle=True, seed=3, transform=noise)
    resumed.epoch = 2
    for (x, t), (x_again, t_again) in zip(whole[2], resumed, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(t, t_again)
    x, _ = next(resumed.batches(1, start=4))
    np.testing.assert_array_equal(x, whole[1][4][0])


def test_every_batch_draws_its_own_numbers(dataset):
    drawn = []
    loader = Loader(dataset, 5, transform=lambda images, generator: drawn.append(generator.random()) or images)
    list(loader), list(loader)
    assert len(set(drawn)) == 4


def test_a_list_of_transforms_is_applied_in_turn(dataset):
    loader = Loader(dataset, 10, transform=[lambda x, _: x + 1, lambda x, _: x * 2])
    assert next(iter(loader))[0].ravel().tolist() == [2 * (n + 1) for n in range(10)]


def test_an_order_is_int64_and_may_be_empty():
    assert epoch_order(5, 2, seed=1, shuffle=True, drop_last=True).shape == (4,)
    assert epoch_order(0, shuffle=True).dtype == np.int64


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True])
def test_a_batch_size_that_is_no_whole_number_is_refused(dataset, batch_size):
    with pytest.raises(OptionError) as caught:
        Loader(dataset, batch_size)
    hint = "; divide with // to keep it whole" if batch_size == 2 else ""
    assert str(caught.value) == f"Loader: batch_size={batch_size!r} must be a whole number, 1 or more{hint}"


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, None])
def test_a_seed_that_is_no_64_bit_integer_is_refused_at_once(dataset, seed):
    with pytest.raises(OptionError) as caught:
        Loader(dataset, seed=seed)
    assert str(caught.value) == f"Loader: seed is {seed!r}; give an integer in 0..2**64 - 1"


def test_a_loader_without_a_batch_is_refused(dataset):
    with pytest.raises(OptionError) as caught:
        Loader(dataset, 11, drop_last=True)
    given = "batch_size=11 and drop_last=True leave no batch of 10 examples"
    assert str(caught.value) == f"Loader: {given}; give more examples"


def test_an_example_comes_as_in_a_batch():
    dataset = ArrayDataset(np.arange(6.0).reshape(3, 2), np.arange(3))
    assert Loader(dataset, 2).example().tolist() == [[0.0, 1.0]]
    assert Loader(dataset, 2, transform=lambda x, generator: x[:, :1] + 5).example().tolist() == [[5.0]]
