"""
Robust regression
=================
"""

import fastloss as fl

print(fl.huber([1.0]))
