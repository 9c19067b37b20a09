"""Two kinds of no: an answer for a person, and a bug of our own."""


class Refusal(Exception):
    """The programme says no. An answer for a person, with a code and the facts behind it.

    The sentence in Dutch or English is made from `code` and `facts` by the doors; a refusal is
    409 in the API and a message on a page. Nothing has been stored when one is raised.
    """

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({told})" if told else self.code


def must(condition: object, sentence: str) -> None:
    """We hold an invariant: `sentence` is true, or our code is wrong and nothing may be stored.

    Unlike `assert` it also holds under `python -O`.
    """
    if not condition:
        raise AssertionError(sentence)
