"""Kernels of notebooks, started as forks where they can be."""

from __future__ import annotations

from jupyter_client.manager import AsyncKernelManager

from study.run.preloaded import PROGRAM


class PreloadedKernel(AsyncKernelManager):
    """A kernel whose packages are loaded (:mod:`study.run.preloaded`)."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The kernel's command, behind the module that starts programs."""
        python, *arguments = super().format_kernel_cmd(extra_arguments)
        return [python, *PROGRAM, *arguments]
