"""Set-up: the private environment, the adapters in the hosts' profiles, and how all of it goes.

install.py at the top of a checkout is a thin way in; a host can use the same code from inside.
Standard library only, Python 3.9 and newer, like everything below ``bridge``.
"""
