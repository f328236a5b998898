"""Changes of what a model's head says, made before anybody sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from gradiend.lm.batches import Inputs

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM


class HeadChange(Protocol):
    """Logits [S, V] → logits [S, V].

    ``plain`` is the model without the change, which may be asked again; ``parameters``
    are those of :meth:`ClozeLM.logits`.
    """

    def __call__(
        self,
        plain: ClozeLM,
        inputs: Inputs,
        logits: Tensor,
        parameters: dict[str, Tensor] | None,
    ) -> Tensor: ...
