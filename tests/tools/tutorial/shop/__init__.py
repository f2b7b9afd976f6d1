# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""A small shop, as an application of Django: what the tutorial's site is made of."""
