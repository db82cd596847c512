"""The learning rate and the weight decay searched for: at random, and by what earlier trials gave.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.5
"""

from __future__ import annotations

import numpy as np

from pellucid.book import MultiLayerNet, Trainer, load_mnist, shuffle_dataset
from pellucid.book.chapters.page import Page

SEEDS = 3

DECAYS = (-8, -4)  # exponents of ten


def run(page: Page) -> None:
    # What is compared by its accuracy on the test images is, in the end, fitted to them. So a fifth of the training
    # images is put aside, and the settings are compared by these.
    (x, t), _ = load_mnist(normalize=True)
    np.random.seed(page.seed)
    x, t = shuffle_dataset(x[:500], t[:500])
    validation = len(x) // 5
    images = (x[validation:], t[validation:], x[:validation], t[:validation])
    page.beside("images to learn from, and to compare by", [len(images[0]), len(images[2])], [400, 100], within=0)

    # What matters of a learning rate is its order of magnitude, and nobody knows it beforehand: the exponent is drawn.
    count, epochs, rates = (6, 20, (-3, -2)) if page.quick else (100, 50, (-6, -2))
    trials = []
    for _ in range(count):
        decay, rate = 10 ** np.random.uniform(*DECAYS), 10 ** np.random.uniform(*rates)
        trials.append((rate, decay, *_learn(images, rate, decay, epochs)))
    best = sorted(trials, key=lambda trial: trial[3][-1], reverse=True)
    for rate, decay, _, accuracies in best[:5]:
        print(f"validation accuracy {accuracies[-1]:.2f}: learning rate {rate:.3g}, weight decay {decay:.3g}")
    page.beside("best validation accuracy", best[0][3][-1], 0.83, at_least=0.25 if page.quick else 0.7)
    good = [round(float(rate), 5) for rate, *_ in best[: 1 if page.quick else 5]]
    page.beside("the best learning rates", good, "0.001 to 0.01", at_least=5e-4 if page.quick else 1e-3)
    decays = [float(decay) for _, decay, *_ in best[:5]]
    page.note(
        f"the book goes on with weight decays from 1e-8 to 1e-6; ours of the best five are {min(decays):.0e} to "
        f"{max(decays):.0e}. It hardly matters: even 1e-4 takes only 0.02 % off a weight in 200 steps of 0.01"
    )
    _draw_best(page, best[:20])

    # Most trials go to rates that learn nothing. A Bayesian search draws the next settings from where the trials before
    # went well, and so its later half does better than trials at random, even where the best of both are alike.
    found = _bayesian(page, images, count, epochs, rates)
    at_random = [accuracies[-1] for *_, accuracies in trials]
    if found:
        page.beside("best of the Bayesian search", max(found), "no such search", at_least=0.25 if page.quick else 0.7)
        gain = np.mean(found[count // 2 :]) - np.mean(at_random)
        page.beside(
            "mean of its later half, less the mean at random",
            round(float(gain), 3),
            "no such search",
            at_least=-0.15 if page.quick else 0.2,
        )
    with page.picture("ch06-hyperparameters-searches") as ax:
        for name, values in (("random", at_random), ("Bayesian", found)):
            if values:
                (line,) = ax.plot(np.maximum.accumulate(values), label=f"{name}: best so far")
                ax.plot(values, ".", color=line.get_color(), alpha=0.5)
        ax.set(xlabel="trials, a dot each", ylabel="validation accuracy", ylim=(0, 1))
        ax.figure.legend(loc="outside upper center", ncols=2)


def _learn(images, rate, decay, epochs):
    """The accuracies on the training and the validation images, epoch by epoch. In float32, as the images are."""
    network = MultiLayerNet(784, [100] * 6, 10, weight_decay_lambda=decay)
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)
    trainer = Trainer(network, *images, epochs=epochs, optimizer_param={"lr": rate}, verbose=False)
    trainer.train()
    return trainer.train_acc_list, trainer.test_acc_list


def _bayesian(page: Page, images, count, epochs, rates):
    """The validation accuracy of each trial, or nothing where Optuna is missing."""
    try:
        import optuna  # pyright: ignore[reportMissingImports] - optional, and slow to load
    except ImportError:
        page.note("the Bayesian search is left out because it needs Optuna: pip install optuna")
        return []
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def accuracy(trial):
        rate, decay = 10 ** trial.suggest_float("rate", *rates), 10 ** trial.suggest_float("decay", *DECAYS)
        return _learn(images, rate, decay, epochs)[1][-1]

    np.random.seed(page.seed)
    sampler = optuna.samplers.TPESampler(n_startup_trials=min(10, count // 2), seed=page.seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(accuracy, n_trials=count)
    return [float(trial.value or 0) for trial in study.trials]


def _draw_best(page: Page, best) -> None:
    with page.picture("ch06-hyperparameters", rows=-(-len(best) // 5), columns=5, width=2.4) as axes:
        for i, (ax, (rate, decay, train, validation)) in enumerate(zip(axes.ravel(), best, strict=False), 1):
            ax.plot(validation, label="validation")
            ax.plot(train, "--", label="train")
            ax.set(title=f"{i}: lr {rate:.1e}\nweight decay {decay:.1e}", ylim=(0, 1), xlabel="epochs")
        for ax in axes.ravel()[len(best) :]:
            ax.axis("off")
        axes[0, 0].legend(loc="upper left")
