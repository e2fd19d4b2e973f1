# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: an office, its gateway and a small Internet, in network namespaces.

Start with lab.py, which draws it.  Python 3.11, standard library only.
"""

import os

# A root shell opened by `su` may lack the places where ip, nft and nginx are.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
