import re
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest

import pellucid
from pellucid import data, nn, optim
from pellucid.data import ArrayDataset
from pellucid.errors import PellucidError
from pellucid.train import Trainer
from pellucid.train.history import History
from pellucid.train.report import findings, header, inside, pictures, sections, words, write_report

SECTIONS = [
    "How it learned",
    "Class by class",
    "The worst mistakes",
    "What the first layer looks for",
    "What the layers put out",
    "The layers",
]
CONFIG = {
    "data": "digits",
    "model": "64-16-10",
    "epochs": 2,
    "batch_size": 100,
    "lr": 0.01,
    "seed": 0,
    "out": "x",
}
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Parses a page, and fails where a tag is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def digits_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def run(folder, model, train, test, *, epochs=2, validation=None, loss=None, config=None, lr=0.01):
    """Train a little, write the report, and give back its text and its parsed page."""
    loss = loss or nn.CrossEntropyLoss()
    trainer = Trainer(model, loss=loss, optimizer=optim.Adam(model.parameters(), lr=lr))
    history = trainer.fit(train, epochs=epochs, batch_size=100, validation=validation, seed=0, progress=False)
    path = write_report(folder, model=model, trainer=trainer, history=history, test=test, config=config or {})
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def blobs(classes, names=None, shape=(5,), count=60, spread=0.05):
    """Points around a centre a class, so far apart that few epochs tell them from each other."""
    generator = np.random.default_rng(0)
    t = np.arange(count) % classes
    centres = generator.normal(0, 1, (classes, *shape))
    x = centres[t] + spread * generator.normal(0, 1, (count, *shape))
    return ArrayDataset(x.astype(np.float32), t, classes=names, name="blobs")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    pellucid.seed(0)
    train, test = data.digits()
    folder = tmp_path_factory.mktemp("digits")
    text, page = run(folder, digits_model(), train, test, validation=0.2, config=CONFIG)
    return folder, text, page


def test_page_has_every_section_in_order(digits):
    _, text, _ = digits
    assert re.findall(r"<h2>(.*?)</h2>", text) == SECTIONS


def test_page_says_the_result_and_how_to_repeat_it(digits):
    _, _, page = digits
    for word in ("Test accuracy", "Test loss", "Epochs 2", "Steps 24", "Training time", "Parameters 1,210"):
        assert word in page.text
    assert re.search(r"The network gets \d+ of 360 test images right and \d+ wrong\.", page.text)
    command = "pellucid train --data digits --model 64-16-10 --epochs 2 --batch-size 100 --lr 0.01 --seed 0"
    assert command in page.text
    assert "64-16-10 on digits" in page.text


def test_page_asks_the_network_for_nothing(digits):
    _, text, page = digits
    assert "http" not in text
    assert "@import" not in text
    assert "script" not in page.tags
    for _tag, name, value in page.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value.startswith(("data:", "#"))
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


def test_pictures_follow_light_and_dark(digits):
    _, text, _ = digits
    assert not re.findall(r"#0101\d\d", text)
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert not re.findall(r"(?:fill|stroke): #", drawings)
    assert "prefers-color-scheme: dark" in text


def test_ids_are_unique(digits):
    _, _, page = digits
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_page_is_small_and_alone(digits):
    folder, text, _ = digits
    assert len(text.encode()) < 300_000
    assert [path.name for path in folder.iterdir()] == ["report.html"]


def test_same_run_gives_the_same_page(tmp_path):
    test, model = data.digits()[1], digits_model()
    trainer = Trainer(model, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(model.parameters(), lr=0.1))
    pages = [
        write_report(tmp_path, model=model, trainer=trainer, history=History(), test=test, config={}).read_text()
        for _ in range(2)
    ]
    assert pages[0] == pages[1]


def test_class_names_are_escaped(tmp_path):
    names = ["<b>", "$x$ & co", '"><script>alert(1)</script>', "日本"]
    test = blobs(4, names, shape=(1, 6, 6))
    text, page = run(tmp_path, nn.Sequential(nn.Flatten(), nn.Linear(36, 4)), test, test, epochs=1, lr=1e-6)
    assert "script" not in page.tags
    assert "&lt;b&gt;" in text
    assert "$x$ & co" in page.text
    assert "alert(1)" in page.text
    assert "日本" in page.text


def test_configuration_is_escaped(tmp_path):
    test = blobs(2)
    config = {"data": "<i>a b</i>", "model": "x<y", "epochs": 1}
    text, page = run(tmp_path, nn.Linear(5, 2), test, test, epochs=1, config=config)
    assert "i" not in page.tags[: page.tags.index("section")]
    assert "--data '<i>a b</i>' --model 'x<y'" in page.text
    assert "<i>a b" not in text


def test_perfect_score_says_so(tmp_path):
    test = blobs(3)
    _, page = run(tmp_path, nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 3)), test, test, epochs=60)
    assert "The network gets all 60 test examples right." in page.text
    assert "There are none: every test example got its right label." in page.text
    assert "No class was taken for another." in page.text
    assert "Test accuracy 100 %" in page.text


def test_vectors_have_no_pictures(tmp_path):
    test = blobs(3)
    text, page = run(tmp_path, nn.Linear(5, 3), test, test, epochs=1, lr=1e-6)
    assert "<img" not in text
    assert "The inputs are no images, so only the answers are shown." in page.text
    assert "The first layer's weights do not form pictures here." in page.text


def test_colour_images_and_kernels_are_pictures(tmp_path):
    test = blobs(3, shape=(3, 8, 8))
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(180, 3))
    text, page = run(tmp_path, model, test, test, epochs=1, lr=1e-6)
    assert text.count('alt="unit ') == 5
    assert text.count('alt="test image ') > 0
    assert "Every picture shows the input that excites the unit most" in page.text


def test_one_epoch_without_validation(tmp_path):
    test = blobs(3)
    _, page = run(tmp_path, nn.Linear(5, 3), blobs(3, count=90), test, epochs=1)
    assert "One epoch gives one point; train for more epochs to see a curve." in page.text
    assert "validation, after each epoch" not in page.text


def test_test_data_that_was_watched_is_called_test(tmp_path):
    test = blobs(3)
    _, page = run(tmp_path, nn.Linear(5, 3), blobs(3, count=90), test, validation=test)
    assert "test, after each epoch" in page.text
    assert "test, at the end" not in page.text


def test_interrupted_run_says_so(tmp_path):
    test = blobs(3)
    _, page = run(tmp_path, nn.Linear(5, 3), test, test, config={"epochs": 7, "patience": None})
    assert "This run ended after 2 of 7 epochs: it was interrupted. This is the network as it was left." in page.text


def test_run_without_any_finished_epoch(tmp_path):
    test, model = blobs(3), nn.Linear(5, 3)
    trainer = Trainer(model, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(model.parameters(), lr=0.1))
    path = write_report(tmp_path, model=model, trainer=trainer, history=History(), test=test, config={"epochs": 3})
    page = Page(path.read_text())
    assert "This run ended after 0 of 3 epochs" in page.text
    assert "No epoch was finished, so there are no curves." in page.text


def test_numbers_as_targets(tmp_path):
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    test = ArrayDataset(x, 2 * x)
    _, page = run(tmp_path, nn.Linear(1, 1), test, test, loss=nn.MSELoss())
    assert "On 40 test examples the mean loss is" in page.text
    assert "there is no confusion matrix" in page.text
    assert "Test accuracy" not in page.text


@pytest.mark.parametrize("classes", [2, 30, 100])
def test_any_number_of_classes(tmp_path, classes):
    test = blobs(classes, count=4 * classes)
    text, page = run(tmp_path, nn.Linear(5, classes), test, test, epochs=1)
    assert text.count('class="bar"') == min(classes, 20)
    assert ("Shown are the 20 weakest of 100." in page.text) == (classes == 100)
    assert "data:image/png" in text if classes > 20 else "data:image/png" not in text


def test_more_outputs_than_names(tmp_path):
    test = blobs(2, ["cat", "dog"])
    _, page = run(tmp_path, nn.Linear(5, 3), test, test, epochs=1)
    assert "Test accuracy" in page.text


def test_changing_learning_rate_gets_a_curve(tmp_path):
    test, model = blobs(3), nn.Linear(5, 3)
    trainer = Trainer(model, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(model.parameters(), lr=0.1))
    records = [{"epoch": i, "loss": 1 / i, "learning_rate": 0.1 / i, "seconds": 1.0, "steps": 1} for i in (1, 2)]
    arguments = {"model": model, "trainer": trainer, "test": test, "config": {}}
    path = write_report(tmp_path, history=History(records), **arguments)
    assert "Learning rate by epoch" in path.read_text()


def test_model_and_settings_are_left_as_they_were(tmp_path):
    train, test = blobs(3), blobs(3)
    model = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5), nn.Linear(4, 3))
    model.train()
    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    run(tmp_path, model, train, test, epochs=1)
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend() == backend
    assert all(module.training for module in model.modules())
    assert not any(module._hooks for module in model.modules())


def test_user_settings_of_matplotlib_do_not_show(tmp_path):
    test, model = blobs(3), nn.Linear(5, 3)
    trainer = Trainer(model, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(model.parameters(), lr=0.1))
    history = History([{"epoch": 1, "loss": 1.0, "learning_rate": 0.1, "seconds": 1.0, "steps": 1}])
    arguments = {"model": model, "trainer": trainer, "history": history, "test": test, "config": {}}
    plain = write_report(tmp_path, **arguments).read_text()
    with matplotlib.rc_context({"text.color": "red", "font.size": 30, "axes.facecolor": "pink"}):
        assert write_report(tmp_path, **arguments).read_text() == plain


def test_matplotlib_is_loaded_only_when_a_report_is_written():
    code = "import sys, pellucid.train.report; assert not {'matplotlib', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_matplotlib_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PellucidError) as caught:
        run(tmp_path, nn.Linear(5, 3), blobs(3), blobs(3), epochs=1)
    assert str(caught.value) == "report: needs matplotlib, which is not installed; pip install matplotlib"
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_the_old_report_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "report.html").write_text("old")

    def fail(run, weight):
        raise RuntimeError("broken")

    monkeypatch.setattr(sections, "_filters", fail)
    with pytest.raises(RuntimeError, match=r"^broken$"):
        run(tmp_path, nn.Linear(5, 3), blobs(3), blobs(3), epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


# ---- the parts


def test_mistakes_come_with_the_highest_loss_first():
    test = ArrayDataset(np.zeros((4, 2)), [0, 0, 1, 1])
    outputs = np.array([[1.0, 2.0], [0.0, 9.0], [0.0, 5.0], [3.0, 0.0]])
    verdict = findings.judge(outputs, test, nn.CrossEntropyLoss())
    assert verdict is not None
    assert verdict.mistakes.tolist() == [1, 3, 0]
    assert verdict.accuracy == 0.25
    assert verdict.confusion.tolist() == [[0, 2], [1, 1]]
    assert verdict.confusions() == [(0, 1, 2), (1, 0, 1)]
    assert verdict.probability(0, 1) == pytest.approx(1 / (1 + np.exp(-1)))


def test_outputs_that_are_probabilities_stay_so():
    shares = np.array([[0.2, 0.6], [0.0, 1.0]])
    found = np.exp(findings.log_probabilities(shares, nn.MSELoss()))
    np.testing.assert_allclose(found, [[0.25, 0.75], [0.0, 1.0]])
    scores = np.exp(findings.log_probabilities(shares, nn.CrossEntropyLoss()))
    np.testing.assert_allclose(scores[0], [1 / (1 + np.exp(0.4)), 1 / (1 + np.exp(-0.4))])


def test_outputs_that_are_not_finite_are_mistakes_at_most():
    test = ArrayDataset(np.zeros((2, 2)), [0, 1])
    verdict = findings.judge(np.full((2, 2), np.nan), test, nn.CrossEntropyLoss())
    assert verdict is not None
    assert verdict.mistakes.tolist() == [1]


def test_activations_are_listed_in_working_order_without_those_that_change_nothing():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 10))
    test = data.digits()[1]
    found, first = inside.activations(findings.Run(model, [], test, {}, {"loss": 1.0}, None, np.dtype("float32")))
    assert [(a.path, a.kind, a.shape) for a in found] == [
        ("1", "Linear", (16,)),
        ("2", "ReLU", (16,)),
        ("4", "Linear", (10,)),
    ]
    assert first is model[1]
    assert found[0].zeros == 0
    assert 0 < found[1].zeros < 1


def test_diverging_colours_are_centred_at_zero():
    pixels = pictures.diverging(np.array([[-1.0, 0.0, 0.5, 9.0]]), 1.0)
    assert pixels[0, :, 3].tolist() == [255, 0, 128, 255]
    assert tuple(pixels[0, 0, :3]) == pictures.NEGATIVE
    assert tuple(pixels[0, 3, :3]) == pictures.POSITIVE


@pytest.mark.parametrize(
    ("shape", "image_shape", "expected"),
    [
        ((7, 64), (1, 8, 8), (7, 1, 8, 8)),
        ((7, 192), (3, 8, 8), (7, 3, 8, 8)),
        ((7, 3, 5, 5), (3, 8, 8), (7, 3, 5, 5)),
        ((7, 2, 5, 5), None, (14, 1, 5, 5)),
        ((7, 65), (1, 8, 8), None),
        ((7, 64), None, None),
    ],
)
def test_first_weights_as_images(shape, image_shape, expected):
    images = inside.as_images(np.zeros(shape), image_shape)
    assert (None if images is None else images.shape) == expected


@pytest.mark.parametrize(("share", "text"), [(1.0, "100 %"), (0.0, "0 %"), (0.99999, "99.99 %"), (0.9742, "97.42 %")])
def test_percent(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        (
            [2, 1, 0.5, 0.2, 0.1, 0.05],
            [2, 1, 1.2, 1.4, 1.6, 1.8],
            "Validation loss was lowest around epoch 3 (1.2) and has risen to 1.7 since",
        ),
        ([2, 1, 0.5, 0.4, 0.3, 0.2], [2, 1, 1, 0.8, 1, 1], "there is little sign of overfitting"),
        ([2, 1, 0.5], [2, 1, 0.6], "Both losses were still falling at the end"),
        ([2, 1, 0.5, 0.4], [2, 1, 0.6, 0.6], "there is little sign of overfitting"),
        ([2, 2, 1.99], [2, 2, 2], "That is hardly any learning: try another learning rate"),
        ([2, 1, 0.5], [np.nan] * 3, "There was no validation data"),
    ],
)
def test_curves_are_read_aloud(train, validation, said):
    records = [
        {"epoch": i + 1, "loss": a, "validation_loss": b}
        for i, (a, b) in enumerate(zip(train, validation, strict=True))
    ]
    report = findings.Run(nn.Linear(2, 2), records, blobs(2), {}, {"loss": 9.0}, None, np.dtype("float32"))
    assert said in words.learning(report)


def test_own_metrics_are_shown():
    results = {"loss": 0.5, "top_2": 0.75}
    report = findings.Run(nn.Linear(2, 2), [], blobs(2), {}, results, None, np.dtype("float32"))
    assert "<dt>Test top 2</dt><dd>0.75</dd>" in header.top(report)


def verdict_of(confusion):
    """A verdict of which only the names and the confusions matter."""
    counts = np.array(confusion)
    t = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
    predicted = np.concatenate([np.repeat(np.arange(len(row)), row) for row in counts])
    names = tuple(map(str, range(len(counts))))
    log_p = np.zeros((len(t), len(counts)))
    return findings.Verdict(names, t, predicted, log_p, counts, np.flatnonzero(predicted != t))


def test_a_run_that_diverged_is_told_to_take_smaller_steps():
    records = [{"epoch": i, "loss": 9.0 - i, "validation_loss": 9.0 - i} for i in (1, 2, 3)]
    for loss, diverged in ((6.0, True), (0.7, False)):
        verdict = verdict_of([[4, 4], [4, 4]])
        report = findings.Run(nn.Linear(2, 2), records, blobs(2), {}, {"loss": loss}, verdict, np.dtype("float32"))
        assert ("worse than guessing: try a smaller --lr" in words.learning(report)) == diverged
        assert ("more epochs may help" in words.learning(report)) != diverged


def test_pairs_are_named_when_they_were_confused_more_than_once():
    assert "<b>0</b> for <b>1</b> (2&times;).</p>" in sections._pairs(verdict_of([[4, 2, 0], [1, 5, 0], [0, 0, 6]]))
    once = sections._pairs(verdict_of([[5, 1], [0, 6]]))
    assert "Most often taken for another: no pair more than once." in once
