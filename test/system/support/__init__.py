# SPDX-License-Identifier: ISC
"""What the system tests are made of: namespaces, programs, scripted servers, clients."""
