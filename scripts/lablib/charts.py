"""Charts of what a bench found, as SVG."""


def of(_found):
    return []
