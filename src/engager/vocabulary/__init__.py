"""Every name that engager uses, with its unit and meaning. Imports nothing but the readers of tables."""

from engager.vocabulary.drugs import Drug, drugs
from engager.vocabulary.endpoints import Endpoint, endpoint, endpoints
from engager.vocabulary.units import Quantity, Unit, quantity, unit

__all__ = ["Drug", "Endpoint", "Quantity", "Unit", "drugs", "endpoint", "endpoints", "quantity", "unit"]
