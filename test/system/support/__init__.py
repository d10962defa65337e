# SPDX-License-Identifier: ISC
"""The parts of the system tests: namespaces, programs, scripted servers, clients."""
