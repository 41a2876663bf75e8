"""Helpers of the GAN course: each one is written out in a notebook before it is imported from here.

The modules are imported one by one (``from gan_utils import losses``): importing the package
loads nothing, chooses no device, sets no seed and touches no file.
"""

__version__ = "0.2.0.dev0"
