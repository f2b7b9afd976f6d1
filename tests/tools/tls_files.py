# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by the openssl program: an authority and what it has signed."""

import os
import ssl
import subprocess

NAMES = ("server", "renewed", "client")


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make(folder):
    """NAME.crt and NAME.key for NAMES, ca.crt that signed them, and stranger.crt, which it did not."""
    with open(os.path.join(folder, "names"), "w", encoding="ascii") as names:
        names.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "stranger"):
        openssl(folder, "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.crt",
                "-days", "2", "-subj", f"/CN={name}")
    for serial, name in enumerate(NAMES, 1):
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-set_serial", str(serial), "-out", f"{name}.crt", "-days", "2", "-extfile", "names")


def server_flags(folder, port):
    return [f"--tls.port={port}", f"--tls.cert_file={folder}/server.crt",
            f"--tls.key_file={folder}/server.key", f"--tls.ca_cert_file={folder}/ca.crt"]


def client_context(folder, certificate=None):
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
    if certificate:
        context.load_cert_chain(os.path.join(folder, f"{certificate}.crt"),
                                os.path.join(folder, f"{certificate}.key"))
    return context
