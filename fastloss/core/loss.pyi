"""What `fastloss` says of these names, so that a loss has one type wherever it comes from."""

from fastloss import Loss as Loss
from fastloss import get as get
from fastloss import list_losses as list_losses

def as_loss(loss: Loss | str, user: str) -> Loss: ...
def is_known(name: str) -> bool: ...
