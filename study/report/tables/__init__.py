"""Tables: ``styling`` says how they look and are written, the others what is in them.

``method`` (what encoders and decoders found), ``encodings`` (kinds of encoded rows),
``comparison`` (methods side by side) and ``ranks`` (methods over all models) compute
them from the gathered data; ``reading`` reads a written table again, for the report
page.
"""

from study.report.tables.styling import Folded, save_table, styled

__all__ = ["Folded", "save_table", "styled"]
