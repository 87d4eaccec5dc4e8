"""The connectome of *C. elegans* (Cook et al. 2019, adult hermaphrodite): tables, loader, checks and queries.

Where every number comes from is told in PROVENANCE.md. Nothing here models anything.
"""

from wormctl.connectome.names import UnknownCell
from wormctl.connectome.table import EVIDENCE, Connectome, load_connectome

__all__ = ["EVIDENCE", "Connectome", "UnknownCell", "load_connectome"]
