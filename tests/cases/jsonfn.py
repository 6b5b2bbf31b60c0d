"""..."""
from common import NotExpressible


def check(case):
    raise NotExpressible("not read yet")
