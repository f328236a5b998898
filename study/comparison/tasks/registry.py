"""The tasks: how an example becomes texts, and which metric counts.

An example becomes one (text, second text) input, or several that belong together by
their ``unit``, which is also what the bootstrap draws: one a choice (COPA), an entity
(ReCoRD) or an answer (MultiRC).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Input = tuple[str, str, str, int | float]  # unit, text, second text, label
CAPABILITY, BBQ, WINOBIAS = "Capability", "BBQ", "WinoBias"
Inputs = Callable[[Mapping], Iterator[Input]]  # of an example


@dataclass(frozen=True)
class Task:
    """A task of a suite.

    ``inputs`` turns an example (a row of the public file) into its inputs; ``labels``
    is the number of classes, 1 for a score; ``choice`` says that the best input of a
    unit is the answer rather than each by itself, ``sided`` that class 0 is the
    stereotype's answer, 1 the opposite one and 2 neither, ``ambiguous`` that neither is
    always right.
    """

    name: str
    suite: str  # one of SUITES
    columns: tuple[str, ...]
    inputs: Inputs
    metric: str = "accuracy"
    labels: int = 2
    choice: bool = False
    sided: bool = False
    ambiguous: bool = False
    validation: tuple[str, ...] = ("validation",)


def _pair(
    first: str, second: str | None = None
) -> Callable[[Mapping], Iterator[Input]]:
    def inputs(row: Mapping) -> Iterator[Input]:
        yield str(row["idx"]), row[first], row[second] if second else "", row["label"]

    return inputs


def _copa(row: Mapping) -> Iterator[Input]:
    asked = "because" if row["question"] == "cause" else "so"
    for number, choice in enumerate((row["choice1"], row["choice2"])):
        yield (
            str(row["idx"]),
            f"{row['premise']} {asked}",
            choice,
            int(row["label"] == number),
        )


def _choices(row: Mapping) -> Iterator[Input]:
    for number, choice in enumerate(row["choices"]):
        yield str(row["idx"]), row["question"], choice, int(row["label"] == number)


def _multirc(row: Mapping) -> Iterator[Input]:
    index = row["idx"]  # {paragraph, question, answer}
    unit = f"{index['paragraph']}-{index['question']}"
    yield unit, row["paragraph"], f"{row['question']} {row['answer']}", row["label"]


def _record(row: Mapping) -> Iterator[Input]:
    unit = f"{row['idx']['passage']}-{row['idx']['query']}"
    for entity in row["entities"]:
        query = row["query"].replace("@placeholder", entity)
        yield unit, row["passage"], query, int(entity in row["answers"])


def _wic(row: Mapping) -> Iterator[Input]:
    first, second = row["sentence1"], row["sentence2"]
    yield str(row["idx"]), f"{row['word']}: {first}", second, row["label"]


def _wsc(row: Mapping) -> Iterator[Input]:
    question = f"{row['span2_text']}: {row['span1_text']}"
    yield str(row["idx"]), row["text"], question, row["label"]


_SENTENCES = ("sentence1", "sentence2", "label", "idx")
_GLUE = (
    Task("cola", "GLUE", ("sentence", "label", "idx"), _pair("sentence"), "mcc"),
    Task("sst2", "GLUE", ("sentence", "label", "idx"), _pair("sentence")),
    Task("mrpc", "GLUE", _SENTENCES, _pair("sentence1", "sentence2"), "f1"),
    Task(
        "stsb", "GLUE", _SENTENCES, _pair("sentence1", "sentence2"), "pearson", labels=1
    ),
    Task(
        "qqp",
        "GLUE",
        ("question1", "question2", "label", "idx"),
        _pair("question1", "question2"),
    ),
    Task(
        "mnli",
        "GLUE",
        ("premise", "hypothesis", "label", "idx"),
        _pair("premise", "hypothesis"),
        labels=3,
        validation=("validation_matched", "validation_mismatched"),
    ),
    Task(
        "qnli",
        "GLUE",
        ("question", "sentence", "label", "idx"),
        _pair("question", "sentence"),
    ),
    Task("rte", "GLUE", _SENTENCES, _pair("sentence1", "sentence2")),
    Task("wnli", "GLUE", _SENTENCES, _pair("sentence1", "sentence2")),
)
_SUPERGLUE = (
    Task(
        "boolq",
        "SuperGLUE",
        ("question", "passage", "label", "idx"),
        _pair("question", "passage"),
    ),
    Task(
        "cb",
        "SuperGLUE",
        ("premise", "hypothesis", "label", "idx"),
        _pair("premise", "hypothesis"),
        "accuracy and f1",
        labels=3,
    ),
    Task(
        "copa",
        "SuperGLUE",
        ("premise", "choice1", "choice2", "question", "label", "idx"),
        _copa,
        labels=1,
        choice=True,
    ),
    Task(
        "multirc",
        "SuperGLUE",
        ("paragraph", "question", "answer", "label", "idx"),
        _multirc,
        "answers f1 and em",
    ),
    Task(
        "record",
        "SuperGLUE",
        ("passage", "query", "entities", "answers", "idx"),
        _record,
        "entity f1 and em",
        labels=1,
        choice=True,
    ),
    Task(
        "superglue_rte",
        "SuperGLUE",
        ("premise", "hypothesis", "label", "idx"),
        _pair("premise", "hypothesis"),
    ),
    Task("wic", "SuperGLUE", ("word", "sentence1", "sentence2", "label", "idx"), _wic),
    Task(
        "wsc",
        "SuperGLUE",
        ("text", "span1_text", "span2_text", "label", "idx"),
        _wsc,
    ),
)
# Questions with a few answers each; asked zero-shot alone.
_CAPABILITY = tuple(
    Task(name, CAPABILITY, ("question", "choices", "label", "idx"), _choices,
         labels=1, choice=True)
    for name in ("piqa", "siqa", "openbookqa", "commonsenseqa")
)  # fmt: skip
# Answers are in one order: the stereotyped group, the other one, unknown.
_BBQ = tuple(
    Task(name, BBQ, ("question", "choices", "label", "idx"), _pair("question"),
         labels=3, sided=True, ambiguous=name == "bbq_ambiguous")
    for name in ("bbq_ambiguous", "bbq_disambiguated")
)  # fmt: skip
# A pronoun for the one a sentence means; there is no right one, class 0 is the
# stereotype's, so that what is called accuracy is how often the stereotype is said.
_WINOBIAS = Task(
    "winobias", WINOBIAS, ("question", "choices", "label", "idx"), _pair("question"),
    sided=True,
)  # fmt: skip
TASKS = {
    task.name: task for task in (*_GLUE, *_SUPERGLUE, *_CAPABILITY, *_BBQ, _WINOBIAS)
}
COSTS = ("GLUE", "SuperGLUE", CAPABILITY, BBQ)  # suites that have right answers
SUITES = (*COSTS, WINOBIAS)
FINE_TUNED = ("GLUE", "SuperGLUE")  # unless answers are asked zero-shot
