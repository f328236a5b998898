"""A saved model onto the hub."""

from __future__ import annotations

from pathlib import Path

from gradiend.errors import InputError, first_line


def check_hub_name(name: str) -> None:
    """Refuse a name that no repository of the hub can have (InputError)."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise InputError(
            f"{name!r} is no name for the hub ({first_line(error)}); give OWNER/NAME"
        ) from error


def push(folder: Path, name: str) -> None:
    """Upload a folder as the hub's model ``name``, which is made if there is none.

    Raises
    ------
    InputError
        if the hub cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, HTTPError

    hub = HfApi()
    try:
        hub.create_repo(name, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=folder)
    except (HTTPError, HFValidationError, OSError) as error:
        raise InputError(
            f"{name} cannot be pushed ({first_line(error)}); the model is in {folder}: "
            "log in with `hf auth login` and push it, or check the name"
        ) from error
