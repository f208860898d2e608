# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install pip, in the version that the arguments ask for, with the wheel of pip that Python brings along.

ansible-test downloads a script of this purpose before it makes an environment, unless its cache holds one.
"""

import ensurepip
import os
import sys
import sysconfig
from pathlib import Path

# Distributions keep the wheels of ensurepip in a folder of their own and name it in this variable.
folders = (Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or os.devnull))
wheel = next(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
os.execv(sys.executable, [sys.executable, str(wheel / "pip"), "install", *arguments])  # nosec B606 # no shell is wanted
