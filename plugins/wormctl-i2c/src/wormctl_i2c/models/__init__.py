"""Register models of the chips, for tests: put them on a `wormctl.testing.FakeBus` at their addresses.

They know what the datasheets say of the registers that are used here, and no more. Their values are set by the test.
"""

from wormctl_i2c.models.bme68x import Bme68xModel
from wormctl_i2c.models.icm20948 import Icm20948Model
from wormctl_i2c.models.sgp40 import Sgp40Model
from wormctl_i2c.models.vl53l0x import Vl53l0xModel
from wormctl_i2c.models.vl53l1x import Vl53l1xModel

__all__ = ["Bme68xModel", "Icm20948Model", "Sgp40Model", "Vl53l0xModel", "Vl53l1xModel"]
