"""Summaries and comparisons as one file of HTML, to be opened in any browser: nothing is fetched, no script is run.

>>> import fastloss as fl
>>> from fastloss.exact.summary import Summary
>>> page = fl.report.html(Summary.of([0.5, 1.0, 4.0]).of_loss("huber(delta=1.0)"))
>>> page[:15], "Half the square" in page
('<!DOCTYPE html>', False)
"""

from fastloss.report.page import html

__all__ = ["html"]
