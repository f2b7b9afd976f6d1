#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/corpus/pickle: every known way around pickle scanners, at least three files a class.

It only puts bytes together and never unpickles one.  EXPECTED says what the verifier must answer under
POLICY: file, class, rule, and the global concerned where one is.
usage: pickle_corpus.py [--check]      (--check: the files on disk are those that it would write)"""
import ipaddress
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pickle_classes import too_few  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus")
MALFORMED, TRUNCATED, FORBIDDEN, LIMIT, ACCEPT = "malformed", "truncated", "forbidden", "limit", "accept"


def b(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


class Folder:
    """Files and what is expected of them."""
    def __init__(self, name):
        self.path = os.path.join(HERE, name)
        self.files, self.expected = {}, []


def add(name, data, verdict, rule, glob="-", folder=None):
    folder = folder or PICKLES
    assert name not in folder.files, name
    folder.files[name] = data
    folder.expected.append((name + ".pkl", verdict, rule, glob))


PICKLES, ARRAY_STREAMS = Folder("pickle"), Folder("pickle_joblib")


def P(n):
    return b"\x80" + bytes([n])


def G(module, name):
    return b"c" + b(module) + b"\n" + b(name) + b"\n"


def S(text):
    text = b(text)
    return b"\x8c" + bytes([len(text)]) + text if len(text) < 256 else b"X" + struct.pack("<I", len(text)) + text


def SG(module, name):
    return S(module) + S(name) + b"\x93"


def B(data):
    return b"C" + bytes([len(data)]) + data


def frame(data):
    return b"\x95" + struct.pack("<Q", len(data)) + data


def call(module, name, *args, proto=4):
    body = b"(" + b"".join(args) + b"t" if len(args) > 3 else b"".join(args) + (b")", b"\x85", b"\x86", b"\x87")[len(args)]
    return P(proto) + SG(module, name) + body + b"R."


def refused(prefix, *names):
    """A call of each of the globals, in the three ways a name can stand in a stream."""
    for i, (module, name) in enumerate(names):
        label = "%s_%s_%s" % (prefix, module.replace(".", "_").strip("_"), name.replace(".", "_").strip("_"))
        glob = module + "." + name
        if i % 3 == 0 or "." in name:
            add(label, call(module, name, S("x")), FORBIDDEN, "global", glob)
        elif i % 3 == 1:
            add(label, P(3) + G(module, name) + b"X\x01\x00\x00\x00x\x85R.", FORBIDDEN, "global", glob)
        else:
            add(label, P(4) + b"(" + S("x") + b"i" + b(module) + b"\n" + b(name) + b"\n.", FORBIDDEN, "global", glob)


def imports():
    refused("c01_direct", ("os", "system"), ("subprocess", "Popen"), ("builtins", "eval"), ("builtins", "exec"),
            ("shutil", "rmtree"), ("runpy", "run_path"))
    refused("c02_wrapper", ("uuid", "_get_command_stdout"), ("_osx_support", "_find_build_tool"),
            ("imaplib", "IMAP4_stream"), ("test.support.script_helper", "assert_python_ok"),
            ("multiprocessing.util", "spawnv_passfds"), ("_pyrepl.pager", "pipe_pager"))
    refused("c03_twin", ("posix", "system"), ("nt", "system"), ("_io", "open"), ("_pickle", "loads"),
            ("_operator", "attrgetter"), ("_posixsubprocess", "fork_exec"), ("_frozen_importlib", "__import__"))
    refused("c04_evaluator", ("torch.jit.unsupported_tensor_ops", "execWrapper"),
            ("torch.utils.collect_env", "run"), ("numpy.f2py.crackfortran", "getlincoef"),
            ("numpy.testing._private.utils", "runstring"), ("pandas.core.computation.eval", "eval"),
            ("sympy", "sympify"))
    refused("c05_resolver", ("importlib", "import_module"), ("pkgutil", "resolve_name"), ("pydoc", "locate"),
            ("builtins", "__import__"), ("werkzeug.utils", "import_string"), ("django.utils.module_loading", "import_string"))
    user = SG("app", "User")
    add("c06_getattr_function", P(4) + SG("builtins", "getattr") + user + S("__init__") + b"\x86R.",
        FORBIDDEN, "global", "app.User.__init__")
    add("c06_getattr_of_instance", P(4) + SG("builtins", "getattr") + user + b")\x81" + S("x") + b"\x86R.",
        FORBIDDEN, "arguments", "builtins.getattr")
    add("c06_getattr_dotted", P(4) + SG("builtins", "getattr") + user + S("__init__.__globals__") + b"\x86R.",
        FORBIDDEN, "arguments", "builtins.getattr")
    add("c06_getattr_computed", P(4) + SG("builtins", "getattr") + user + user + b")\x81\x86R.",
        FORBIDDEN, "arguments", "builtins.getattr")
    add("c06_getattr_default", P(4) + SG("builtins", "getattr") + user + S("Inner") + b"N\x87R.",
        FORBIDDEN, "arguments", "builtins.getattr")
    add("c06_getattr_8bit", P(2) + G("__builtin__", "getattr") + G("app", "User") + b"U\x05Inner\x86R.",
        FORBIDDEN, "arguments", "builtins.getattr")
    add("c06_getattr_allowed", P(2) + G("__builtin__", "getattr") + G("app", "User") + b"X\x05\x00\x00\x00Inner\x86R)\x81.",
        ACCEPT, "accepted")
    refused("c06_attribute", ("operator", "attrgetter"), ("operator", "methodcaller"), ("operator", "itemgetter"))
    partial = SG("functools", "partial")
    add("c07_partial_function", P(4) + partial + SG("app", "helper") + b"\x85R.", FORBIDDEN, "arguments", "functools.partial")
    add("c07_partial_forbidden", P(4) + partial + SG("os", "system") + S("id") + b"\x86R.", FORBIDDEN, "global", "os.system")
    refused("c07_higher", ("functools", "reduce"), ("builtins", "map"), ("itertools", "starmap"))


def names():
    for name in ("os.system", "_local.PosixPath.__init__", "Path.read_text"):
        add("c08_dotted_" + name.replace(".", "_"), call("pathlib", name, S("x")), FORBIDDEN, "global", "pathlib." + name)
    add("c08_dotted_old_protocol", P(3) + G("app", "User.Inner") + b")\x81.", FORBIDDEN, "global-dotted", "app.User.Inner")
    add("c08_dotted_no_protocol", S("app") + S("User.Inner") + b"\x93)\x81.", FORBIDDEN, "global-dotted", "app.User.Inner")
    add("c08_dotted_allowed", P(4) + SG("app", "User.Inner") + b")\x81.", ACCEPT, "accepted")
    for name in ("User.__init__.__globals__", "User.__subclasses__", "User.Inner.__init__", "User.__class__"):
        add("c09_class_" + name.replace(".", "_"), call("app", name, S("x")), FORBIDDEN, "global", "app." + name)
    for module, name in (("collections", "_sys"), ("decimal", "__builtins__"), ("numpy", "__builtins__"), ("app", "os")):
        add("c10_module_%s_%s" % (module, name), P(4) + SG(module, name) + b".", FORBIDDEN, "global", module + "." + name)
    for module, name in (("app.evil", "User"), ("ap", "User"), ("datetime.datetime", "datetime"), ("", "app.User")):
        glob = module + "." + name
        add("c11_submodule_%s_%s" % (module.replace(".", "_"), name.replace(".", "_")), P(4) + SG(module, name) + b".",
            MALFORMED if not module else FORBIDDEN, "operand-kind" if not module else "global", glob if module else "-")
    for module, name, to in (("commands", "getoutput", "subprocess.getoutput"), ("cPickle", "loads", "pickle.loads"),
                             ("__builtin__", "reduce", "functools.reduce"), ("itertools", "imap", "builtins.map"),
                             ("urllib", "urlopen", "urllib.request.urlopen"), ("UserDict", "evil", "collections.evil"),
                             ("StringIO", "open", "io.open")):
        add("c12_rename_%s_%s" % (module.strip("_"), name), P(2) + G(module, name) + b"X\x01\x00\x00\x00x\x85R.",
            FORBIDDEN, "global", to)
        add("c12_rename_stack_%s_%s" % (module.strip("_"), name), P(2) + SG(module, name) + b"X\x01\x00\x00\x00x\x85R.",
            FORBIDDEN, "global", to)
    add("c12_rename_not_3", P(3) + G("__builtin__", "set") + b"]\x85R.", FORBIDDEN, "global", "__builtin__.set")
    add("c12_rename_is_not_repeated", P(2) + G("app", "User") + b")\x81.", ACCEPT, "accepted")
    add("c12_rename_ambiguous", P(2) + G("Tix", "Button") + b".", FORBIDDEN, "global-ambiguous", "Tix.Button")
    add("c12_rename_old_name_allowed", P(2) + G("__builtin__", "set") + b"](K\x01K\x02e\x85R.", ACCEPT, "accepted")
    add("c13_proto_middle", P(4) + b"N0" + P(2) + G("commands", "getoutput") + b".", MALFORMED, "protocol-late")
    add("c13_proto_twice", P(2) + P(4) + b"N.", MALFORMED, "protocol-late")
    add("c13_proto_after_value", b"N0" + P(4) + b"N.", MALFORMED, "protocol-late")
    add("c13_proto_6", P(6) + b"N.", MALFORMED, "protocol-unknown")


def memo():
    os_system = (S("os"), S("system"))
    harmless = S("app") + b"q\x000" + S("User") + b"q\x010"
    add("c14_memoize_after_put", P(4) + S("app") + b"q\x000" + S("os") + b"\x940h\x00h\x01" + b"\x93.",
        FORBIDDEN, "global", "app.os")
    add("c14_memoize_overwrites", P(4) + S("app") + b"q\x01" + b"0" + S("os") + b"\x94" + b"0h\x01" + S("system") + b"\x93.",
        FORBIDDEN, "global", "os.system")
    add("c14_put_out_of_order", P(4) + S("system") + b"q\x010" + S("os") + b"q\x000h\x00h\x01\x93.",
        FORBIDDEN, "global", "os.system")
    add("c15_pop_put", P(4) + os_system[0] + S("app") + b"0q\x000" + b"h\x00" + S("system") + b"\x93.",
        FORBIDDEN, "global", "os.system")
    add("c15_put_of_global", P(4) + SG("app", "User") + b"q\x000" + b"h\x00h\x00\x93.", FORBIDDEN, "global-computed")
    add("c15_put_after_tuple", P(4) + S("os") + b"\x85q\x00" + b"h\x00" + S("system") + b"\x93.", FORBIDDEN, "global-computed")
    add("c16_overwrite_after_get", P(4) + S("os") + b"q\x00h\x00" + S("app") + b"q\x000" + S("system") + b"\x93.",
        FORBIDDEN, "global", "os.system")
    add("c16_overwrite_before_get", P(4) + harmless + S("os") + b"q\x000" + S("system") + b"q\x010h\x00h\x01\x93.",
        FORBIDDEN, "global", "os.system")
    add("c16_overwrite_text", P(0) + b"Vapp\np0\n0Vos\np0\n0g0\nVsystem\n\x93.", FORBIDDEN, "global", "os.system")
    add("c17_memo_miss", P(4) + S("os") + b"q\x000h\x05.", MALFORMED, "memo-miss")
    add("c17_memo_hole", P(4) + S("os") + b"q\x010h\x00.", MALFORMED, "memo-miss")
    add("c17_operand_int", P(4) + b"K\x01K\x02\x93.", FORBIDDEN, "global-computed")
    add("c17_operand_bytes", P(4) + B(b"os") + B(b"system") + b"\x93.", FORBIDDEN, "global-computed")


def operands():
    add("c18_decoy_pop", P(4) + S("os") + S("system") + S("User") + b"0\x93.", FORBIDDEN, "global", "os.system")
    add("c18_decoy_pop_mark", P(4) + S("os") + S("system") + b"(" + S("app") + S("User") + b"1\x93.",
        FORBIDDEN, "global", "os.system")
    add("c18_decoy_mark_pop", P(4) + S("os") + S("system") + b"(0\x93.", FORBIDDEN, "global", "os.system")
    add("c18_decoy_frame", P(4) + frame(S("os") + S("system")) + b"\x93.", FORBIDDEN, "global", "os.system")
    add("c19_dup", P(4) + S("timeit") + b"2\x93.", FORBIDDEN, "global", "timeit.timeit")
    add("c19_binget_twice", P(4) + S("timeit") + b"\x940h\x00h\x00\x93.", FORBIDDEN, "global", "timeit.timeit")
    add("c19_get_twice", b"Vcode\np0\n0g0\ng0\n\x93.", FORBIDDEN, "global", "code.code")
    add("c20_string", P(4) + b"S'os'\nS'system'\n\x93.", FORBIDDEN, "global-computed")
    add("c20_binstring", P(4) + b"T\x02\x00\x00\x00osU\x06system\x93.", FORBIDDEN, "global-computed")
    add("c20_unicode_escape", P(4) + b"V\\u006fs\nVsystem\n\x93.", FORBIDDEN, "global-computed")
    add("c20_unicode_plain", P(4) + b"Vos\nVsystem\n\x93.", FORBIDDEN, "global", "os.system")
    add("c20_binunicode8", P(4) + b"\x8d" + struct.pack("<Q", 2) + b"os" + S("system") + b"\x93.", FORBIDDEN, "global", "os.system")
    add("c20_string_allowed_name", P(4) + b"S'app'\nS'User'\n\x93.", FORBIDDEN, "global-computed")
    add("c21_computed_module", P(4) + SG("app", "StrSub") + S("os") + b"\x85\x81" + S("system") + b"\x93.",
        FORBIDDEN, "global-computed")
    add("c21_computed_name", P(4) + S("os") + SG("app", "User") + b")R\x93.", FORBIDDEN, "global-computed")
    add("c21_computed_global", P(4) + SG("app", "User") + S("User") + b"\x93.", FORBIDDEN, "global-computed")


def calls():
    add("c22_inst", P(2) + b"(S'id'\nios\nsystem\n.", FORBIDDEN, "global", "os.system")
    add("c22_obj", P(2) + b"(" + G("os", "system") + b"S'id'\no.", FORBIDDEN, "global", "os.system")
    add("c22_obj_pop", P(2) + b"(" + G("os", "system") + b"S'id'\no0N.", FORBIDDEN, "global", "os.system")
    add("c22_newobj", P(4) + SG("subprocess", "Popen") + S("id") + b"\x85\x81.", FORBIDDEN, "global", "subprocess.Popen")
    add("c22_newobj_ex", P(4) + SG("subprocess", "Popen") + b")}\x92.", FORBIDDEN, "global", "subprocess.Popen")
    add("c22_reference_called", P(4) + SG("app", "helper") + b")R.", FORBIDDEN, "right-call", "app.helper")
    add("c22_reference_obj", P(4) + b"(" + SG("app", "helper") + b"K\x01o.", FORBIDDEN, "right-call", "app.helper")
    add("c22_reference_newobj", P(4) + SG("app", "helper") + b")\x81.", FORBIDDEN, "right-new", "app.helper")
    add("c22_new_only_called", P(4) + SG("_io", "StringIO") + b")R.", FORBIDDEN, "right-call", "_io.StringIO")
    add("c22_call_only_obj", P(4) + b"(" + SG("app", "Color") + b"o.", FORBIDDEN, "right-new", "app.Color")
    add("c22_call_result", P(4) + SG("app", "User") + b")\x81)R.", FORBIDDEN, "callee")
    add("c22_call_string", P(4) + S("os.system") + b")R.", FORBIDDEN, "callee")
    add("c22_newobj_of_result", P(4) + SG("app", "User") + b")\x81)\x81.", FORBIDDEN, "callee")
    add("c22_args_list", P(4) + SG("app", "User") + b"]R.", MALFORMED, "operand-kind")
    add("c22_args_instance", P(4) + SG("app", "User") + SG("app", "User") + b")\x81R.", MALFORMED, "operand-kind")
    add("c22_inst_no_mark", P(2) + b"S'id'\niapp\nUser\n.", MALFORMED, "mark-missing")
    add("c22_inst_name_cut", P(2) + b"(iapp\nUser", TRUNCATED, "end-in-argument")
    add("c22_obj_no_mark", P(2) + G("app", "User") + b"o.", MALFORMED, "mark-missing")
    add("c22_obj_deep", P(2) + b"(" + G("app", "User") + b"]" * 1000 + b"a" * 999 + b"o.", LIMIT, "nesting-max")
    add("c22_kwargs_list", P(4) + SG("app", "User") + b")]\x92.", MALFORMED, "operand-kind")
    add("c23_reduce_build", P(4) + SG("os", "system") + S("id") + b"\x85R}b.", FORBIDDEN, "global", "os.system")
    add("c23_reduce_build_allowed", P(4) + SG("app", "helper") + b")R}b.", FORBIDDEN, "right-call", "app.helper")
    add("c23_reduce_pop", P(4) + SG("os", "system") + S("id") + b"\x85R0N.", FORBIDDEN, "global", "os.system")
    add("c24_twice", P(4) + SG("app", "User") + b"0" + SG("os", "system") + b".", FORBIDDEN, "global", "os.system")
    add("c24_memoized_import", P(4) + SG("os", "system") + b"\x94" + S("id") + b"\x85R.", FORBIDDEN, "global", "os.system")
    add("c24_reported_then_called", P(4) + SG("os", "system") + b"0" + SG("os", "system") + S("id") + b"\x85R.",
        FORBIDDEN, "global", "os.system")
    add("c25_reference_only", P(4) + SG("this", "s") + b".", FORBIDDEN, "global", "this.s")
    add("c25_popped", P(4) + SG("antigravity", "x") + b"0N.", FORBIDDEN, "global", "antigravity.x")
    add("c25_in_list", P(4) + b"]" + SG("os", "system") + b"a.", FORBIDDEN, "global", "os.system")
    add("c25_not_ref_as_result", P(4) + SG("builtins", "getattr") + b".", FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_in_list", P(4) + b"]" + SG("builtins", "getattr") + b"a.", FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_in_tuple", P(4) + SG("builtins", "getattr") + b"\x85.", FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_as_argument", P(4) + SG("app", "User") + SG("builtins", "getattr") + b"\x85R.",
        FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_as_key", P(4) + b"}" + SG("builtins", "getattr") + b"Ns.", FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_nested_tuple", P(4) + SG("app", "User") + SG("builtins", "getattr") + b"\x85\x85\x81.",
        FORBIDDEN, "right-ref", "builtins.getattr")
    add("c25_not_ref_as_state", P(4) + SG("app", "Reads") + b")\x81" + SG("builtins", "getattr") + b"b.",
        FORBIDDEN, "right-ref", "builtins.getattr")


def state():
    user = P(4) + SG("app", "User") + b")\x81"
    helper = SG("app", "helper")
    add("c26_setstate_key", user + b"}" + S("__setstate__") + helper + b"sbK\x01b.", FORBIDDEN, "state-key")
    add("c26_setstate_literal", user + b"}" + S("__setstate__") + b"Nsb.", FORBIDDEN, "state-key")
    add("c26_setstate_after_build", user + b"}\x94b0" + b"h\x00" + S("__setstate__") + b"Ns.", FORBIDDEN, "state-key")
    add("c26_setstate_slots", user + b"N}" + S("__setstate__") + b"Ns\x86b.", FORBIDDEN, "state-key")
    add("c26_setstate_dict_opcode", user + b"(" + S("__setstate__") + b"Ndb.", FORBIDDEN, "state-key")
    add("c26_setstate_escaped", P(2) + G("app", "User") + b")\x81}V\\u005f_setstate__\nNsb.", FORBIDDEN, "state-key")
    add("c26_setstate_8bit", P(2) + G("app", "User") + b")\x81}U\x0c__setstate__Nsb.", FORBIDDEN, "state-key")
    add("c26_setstate_string_escaped", P(2) + G("app", "User") + b")\x81}S'\\x5f_setstate__'\nNsb.", FORBIDDEN, "state-key")
    add("c26_setstate_item", P(4) + SG("app", "Attrs") + b")\x81" + S("__setstate__") + helper + b"sK\x01b.",
        FORBIDDEN, "state-key")
    add("c26_any_state_planted", P(4) + SG("app", "Reads") + b")\x81}" + S("__class__") + b"Nsb.", FORBIDDEN, "state-key")
    add("c26_any_state_tuple", P(4) + SG("app", "Reads") + b")\x81K\x01}" + S("__class__") + b"Ns\x86b.", FORBIDDEN, "state-key")
    for name in ("append", "extend", "add"):
        add("c27_plant_" + name, user + b"}" + S(name) + helper + b"sb(K\x01e.", FORBIDDEN, "state-key")
    add("c27_append_to_instance", user + b"K\x01a.", FORBIDDEN, "right-items", "app.User")
    add("c27_appends_to_instance", user + b"(K\x01e.", FORBIDDEN, "right-items", "app.User")
    add("c27_additems_to_instance", user + b"(K\x01\x90.", FORBIDDEN, "right-items", "app.User")
    add("c27_additems_to_list_class", P(4) + SG("app", "Stack") + b")\x81(K\x01\x90.", FORBIDDEN, "right-items", "app.Stack")
    add("c27_append_to_dict_class", P(4) + SG("app", "Attrs") + b")\x81K\x01a.", FORBIDDEN, "right-items", "app.Attrs")
    add("c27_appends_empty_to_none", P(4) + b"N(e.", FORBIDDEN, "items-target")
    add("c27_additems_empty_to_list", P(4) + b"](\x90.", FORBIDDEN, "items-target")
    add("c27_setitems_empty_to_instance", user + b"(u.", FORBIDDEN, "right-items", "app.User")
    add("c27_append_to_tuple", P(4) + b")K\x01a.", FORBIDDEN, "items-target")
    add("c28_build_class", P(4) + SG("app", "User") + b"N}" + S("x") + b"Ns\x86b.", FORBIDDEN, "state-target", "app.User")
    add("c28_build_function", P(4) + SG("app", "helper") + b"}b.", FORBIDDEN, "state-target", "app.helper")
    add("c28_build_module", P(4) + SG("app", "os") + b"}b.", FORBIDDEN, "global", "app.os")
    add("c28_build_list", P(4) + b"]}b.", FORBIDDEN, "state-target")
    add("c28_build_attribute", P(4) + SG("builtins", "getattr") + SG("app", "Color") + S("RED") + b"\x86R}b.",
        FORBIDDEN, "state-target", "app.Color.RED")
    add("c28_build_without_right", P(4) + SG("app", "Color") + b"K\x01\x85R}b.", FORBIDDEN, "right-build", "app.Color")
    add("c28_build_type_of", P(4) + SG("builtins", "type") + b"N\x85R}b.", FORBIDDEN, "right-build")
    add("c29_park_on_function", P(4) + helper + b"}" + S("x") + b"Nsb.", FORBIDDEN, "state-target", "app.helper")
    add("c29_read_back_dotted", P(4) + SG("app", "helper.x") + b".", FORBIDDEN, "global", "app.helper.x")
    add("c29_read_back_getattr", P(4) + SG("builtins", "getattr") + helper + S("x") + b"\x86R.", FORBIDDEN, "global", "app.helper.x")
    for key in ("__class__", "__dict__", "__call__"):
        add("c30_slots_" + key.strip("_"), user + b"N}" + S(key) + SG("app", "User") + b"s\x86b.", FORBIDDEN, "state-key")
    add("c30_escaped_long", b"(" + G("app", "User") + b"o}(" + b"".join(b"V\\u0061" + bytes([98 + i]) * 400 + b"\nN" for i in range(4)) + b"ub.", ACCEPT, "accepted")
    add("c30_dict_class", user + b"}" + S("__class__") + SG("app", "User") + b"sb.", FORBIDDEN, "state-key")
    add("c31_setitem_environ", P(4) + SG("os", "environ") + S("A") + S("b") + b"s.", FORBIDDEN, "global", "os.environ")
    add("c31_setitem_class", P(4) + SG("app", "Attrs") + S("A") + S("b") + b"s.", FORBIDDEN, "items-target", "app.Attrs")
    add("c31_append_function", P(4) + helper + b"Na.", FORBIDDEN, "items-target", "app.helper")
    add("c31_additems_class", P(4) + SG("app", "Bag") + b"(N\x90.", FORBIDDEN, "items-target", "app.Bag")
    add("c31_state_kind_list", user + b"]b.", FORBIDDEN, "state-kind")
    add("c31_state_kind_false", user + b"\x89b.", FORBIDDEN, "state-kind")
    add("c31_state_kind_triple", user + b"NNN\x87b.", FORBIDDEN, "state-kind")
    add("c31_state_slots_none", user + b"}N\x86b.", FORBIDDEN, "state-kind")
    add("c31_state_key_int", user + b"}K\x01Nsb.", FORBIDDEN, "state-kind")


def outside():
    for op, arg in (("\x82", b"\x01"), ("\x83", b"\x01\x00"), ("\x84", b"\x01\x00\x00\x00")):
        add("c32_ext%d" % len(arg), P(2) + op.encode("latin1") + arg + b".", FORBIDDEN, "extension-registry")
    add("c32_ext1_zero", P(2) + b"\x82\x00.", FORBIDDEN, "extension-registry")
    add("c33_persid", b"Pid\n.", FORBIDDEN, "persistent-id")
    add("c33_binpersid", P(2) + b"K\x01Q.", FORBIDDEN, "persistent-id")
    add("c33_binpersid_torch", P(2) + b"(X\x07\x00\x00\x00storageK\x01tQ.", FORBIDDEN, "persistent-id")
    add("c34_next_buffer", P(5) + b"\x97.", FORBIDDEN, "out-of-band-buffer")
    add("c34_readonly_buffer", P(5) + B(b"x") + b"\x98.", FORBIDDEN, "out-of-band-buffer")
    add("c34_readonly_bytearray", P(5) + b"\x96" + struct.pack("<Q", 1) + b"x\x98.", FORBIDDEN, "out-of-band-buffer")
    add("c35_defaultdict_getattr", call("collections", "defaultdict", SG("builtins", "getattr")), FORBIDDEN, "right-ref",
        "builtins.getattr")
    add("c35_finalize", call("weakref", "finalize", S("x")), FORBIDDEN, "global", "weakref.finalize")
    add("c35_thread", P(4) + SG("threading", "Thread") + b")R.", FORBIDDEN, "global", "threading.Thread")
    rec = SG("copyreg", "_reconstructor")
    add("c35_reconstructor_base", P(4) + rec + SG("app", "User") + SG("app", "Point") + b"N\x87R.",
        FORBIDDEN, "arguments", "copyreg._reconstructor")
    add("c35_reconstructor_bytearray", P(4) + rec + SG("app", "User") + SG("builtins", "bytearray") + b"K\x05\x87R.",
        FORBIDDEN, "arguments", "copyreg._reconstructor")
    add("c35_reconstructor_function", P(4) + rec + SG("app", "helper") + SG("builtins", "object") + b"N\x87R.",
        FORBIDDEN, "arguments", "copyreg._reconstructor")
    add("c35_reconstructor_allowed", P(4) + rec + SG("app", "User") + SG("builtins", "object") + b"N\x87R}b.", ACCEPT, "accepted")
    refused("c36_finalizer", ("tempfile", "_TemporaryFileCloser"), ("app", "Deletes"), ("subprocess", "Handle"))
    refused("c37_nested", ("pickle", "loads"), ("torch.storage", "_load_from_bytes"), ("joblib", "load"), ("numpy", "load"),
            ("shelve", "open"), ("marshal", "loads"))
    refused("c38_code", ("types", "CodeType"), ("cloudpickle.cloudpickle", "_make_function"),
            ("cloudpickle.cloudpickle", "_builtin_type"), ("dill._dill", "_create_function"))
    for module in ("this", "__hello__", "idlelib.idle", "antigravity"):
        add("c39_import_" + module.strip("_").replace(".", "_"), P(4) + SG(module, "missing") + b"0N.",
            FORBIDDEN, "global", module + ".missing")


def broken():
    run = P(4) + SG("os", "system") + S("id") + b"\x85R"
    fine = P(4) + SG("app", "User") + b")R"
    add("c40_bad_opcode", run + b"\xff", FORBIDDEN, "global", "os.system")
    add("c40_allowed_then_bad_opcode", fine + b"\xff", MALFORMED, "opcode-unknown")
    add("c40_allowed_then_nothing", fine, TRUNCATED, "end-at-opcode")
    add("c40_allowed_then_underflow", fine + b"00.", MALFORMED, "stack-underflow")
    add("c40_allowed_then_short", fine + b"X\xff\x00\x00\x00", TRUNCATED, "end-in-argument")
    for op, width in ((b"B", 4), (b"T", 4), (b"U", 1), (b"\x8a", 1), (b"\x8b", 4), (b"J", 4), (b"G", 8), (b"K", 1), (b"M", 2), (b"\x8c", 1), (b"X", 4),
                      (b"\x8d", 8), (b"\x8e", 8), (b"C", 1), (b"\x96", 8), (b"Nq", 1), (b"Nr", 4), (b"h", 1), (b"j", 4), (b"\x95", 8)):
        add("c40_cut_%02x" % op[-1], P(5) + op + b"\0" * (width - 1), TRUNCATED, "end-in-argument")
    add("c40_cut_80", b"\x80", TRUNCATED, "end-in-argument")
    add("c40_cut_number", P(5) + b"\x8a\x04\x01\x01\x01", TRUNCATED, "end-in-argument")
    for line in (b"I1", b"L1L", b"F1.5", b"S'a'", b"Va", b"Np0", b"g0", b"cos", b"cos\nsystem"):
        add("c40_cut_%s" % re.sub("[^a-zA-Z0-9]", "_", line.decode()), line, TRUNCATED, "end-in-argument")
    add("c40_empty", b"", TRUNCATED, "end-at-opcode")
    for i, line in enumerate((b"I0x10", b"I010", b"I1\0", b"I 1", b"I1_0", b"I+1", b"I-0", b"I", b"L1", b"L0x1L", b"L01L",
                              b"LL", b"F1_0", b"F 1", b"F1e999", b"F0x1p3", b"F", b"Finfinity", b"Fnan1", b"F1.e", b"F.5")):
        add("c41_number_%02d" % i, line + b"\n.", MALFORMED, "text-argument")
    for i, line in enumerate((b"p-1", b"p 0", b"p00", b"p0_1", b"p+0", b"p", b"p0\0", b"p0x0")):
        add("c41_put_%02d" % i, b"N" + line + b"\n.", MALFORMED, "text-argument")
    for name, text in (("point", b".5"), ("exponent", b"e5"), ("sign", b"-"), ("no_exponent", b"1e")):
        add("c41_float_no_digits_" + name, b"F" + text + b"\n.", MALFORMED, "text-argument")
    add("c41_put_giant", b"Np99999999999999999999999\n.", MALFORMED, "text-argument")
    for i, line in enumerate((b"S'", b"Sx", b"S'a\"", b"S'\\x4'", b"S'\\xzz'", b"S'\\400'", b"S'\\'", b"S'\\d'", b"S", b"S'\\u0041'")):
        add("c41_string_%02d" % i, line + b"\n.", MALFORMED, "text-argument")
    for i, line in enumerate((b"V\\u00", b"V\\uzzzz", b"V\\U00110000", b"V\\U0000")):
        add("c41_unicode_%02d" % i, line + b"\n.", MALFORMED, "text-argument")
    for i, line in enumerate((b"I0", b"I-1", b"I00", b"I01", b"I10", b"L0L", b"L-12L", b"F1.5", b"F-inf", b"Fnan", b"F1e-05",
                              b"S''", b"S'a\\n\\x00\\''", b"S\"it's\"", b"V", b"V\\u00e9\\\\u", b"V\\U0001f600", b"V\xe9\\")):
        add("c41_fine_%02d" % i, line + b"\n.", ACCEPT, "accepted")
    add("c41_utf8_overlong", P(4) + b"\x8c\x02\xc0\x80.", MALFORMED, "utf-8")
    add("c41_utf8_cut", P(4) + b"\x8c\x01\xc3.", MALFORMED, "utf-8")
    add("c41_utf8_above", P(4) + b"\x8c\x04\xf4\x90\x80\x80.", MALFORMED, "utf-8")
    add("c41_utf8_long_string", P(4) + b"\x8c\x20" + b"a" * 30 + b"\xe2\x82" + b".", MALFORMED, "utf-8")
    add("c41_utf8_surrogate", P(4) + b"\x8c\x03\xed\xa0\x80.", ACCEPT, "accepted")
    add("c41_long4_negative", P(2) + b"\x8b\xff\xff\xff\xff.", MALFORMED, "length-negative")
    add("c41_binstring_negative", P(2) + b"T\xff\xff\xff\xff.", MALFORMED, "length-negative")
    add("c41_global_utf8", P(3) + b"c\xff\nx\n.", MALFORMED, "utf-8")
    add("c41_global_name_surrogate", P(3) + b"cos\n\xed\xa0\x80\n.", MALFORMED, "utf-8")
    add("c41_global_module_surrogate", P(3) + b"c\xed\xa0\x80\nx\n.", MALFORMED, "utf-8")
    add("c41_global_empty", P(3) + b"c\nx\n.", MALFORMED, "text-argument")
    add("c41_inst_not_ascii", P(3) + b"(i\xc3\xa9\nx\n.", MALFORMED, "text-argument")
    add("c42_leftover_value", P(4) + b"NN.", MALFORMED, "stack-leftovers")
    add("c42_leftover_mark", P(4) + b"(N.", MALFORMED, "stack-leftovers")
    add("c42_leftover_below_mark", P(4) + b"N(N.", MALFORMED, "stack-leftovers")
    add("c42_stop_on_mark", P(4) + b"(.", MALFORMED, "stack-underflow")
    add("c42_memo_redefined", P(4) + b"Nq\x000\x88q\x00.", ACCEPT, "accepted")
    add("c43_straddle_string", P(4) + b"\x95" + struct.pack("<Q", 3) + b"\x8c\x03abc.", MALFORMED, "frame-straddled")
    add("c43_straddle_line", P(4) + b"\x95" + struct.pack("<Q", 3) + b"Vabc\n.", MALFORMED, "frame-straddled")
    add("c43_straddle_length", P(4) + b"\x95" + struct.pack("<Q", 2) + b"X\x01\x00\x00\x00a.", MALFORMED, "frame-straddled")
    add("c43_nested_frame", P(4) + frame(b"N0" + frame(b"N.")), MALFORMED, "frame-nested")
    add("c43_frame_too_long", P(4) + b"\x95" + struct.pack("<Q", 100) + b"N.", TRUNCATED, "end-in-argument")
    add("c43_frame_giant", P(4) + b"\x95" + b"\xff" * 8 + b"N.", TRUNCATED, "end-in-argument")
    add("c43_frame_empty", P(4) + frame(b"") + b"N.", MALFORMED, "frame-empty")
    add("c43_frame_exact", P(4) + frame(b"(" + S("a")) + frame(S("b") + b"t."), ACCEPT, "accepted")
    add("c43_frame_opcode_only", P(4) + b"\x95" + struct.pack("<Q", 1) + b"K\x01.", MALFORMED, "frame-straddled")
    add("c44_second_pickle", P(4) + b"N." + P(4) + SG("os", "system") + b".", MALFORMED, "trailing-bytes")
    add("c44_trailing_newline", P(4) + b"N.\n", MALFORMED, "trailing-bytes")
    add("c44_trailing_in_frame", P(4) + frame(b"N.N."), MALFORMED, "trailing-bytes")
    add("c45_exception_operand", P(4) + S("os") + b"\x93" + b".", MALFORMED, "stack-underflow")
    add("c45_exception_mark", P(4) + SG("app", "User") + b"t.", MALFORMED, "mark-missing")
    add("c45_odd_dict", P(4) + b"(K\x01d.", MALFORMED, "items-odd")
    add("c45_odd_setitems", P(4) + b"}(K\x01u.", MALFORMED, "items-odd")
    add("c45_tuple_across_mark", P(4) + b"N(N\x86.", MALFORMED, "stack-underflow")
    add("c45_append_across_mark", P(4) + b"](Na.", MALFORMED, "stack-underflow")
    add("c45_dup_nothing", P(4) + b"(2.", MALFORMED, "stack-underflow")
    add("c45_put_nothing", P(4) + b"(q\x00.", MALFORMED, "stack-underflow")
    add("c45_obj_empty", P(4) + b"(o.", MALFORMED, "stack-underflow")
    add("c45_build_alone", P(4) + b"}b.", MALFORMED, "stack-underflow")
    add("c45_newobj_ex_short", P(4) + b")}\x92.", MALFORMED, "stack-underflow")
    add("c45_reduce_short", P(4) + b")R.", MALFORMED, "stack-underflow")
    add("c45_newobj_short", P(4) + b")\x81.", MALFORMED, "stack-underflow")
    add("c45_setitem_short", P(4) + b"}Ns.", MALFORMED, "stack-underflow")
    add("c45_pop_nothing", P(4) + b"0N.", MALFORMED, "stack-underflow")
    for op in b"tldue\x90\x91":
        add("c45_no_mark_%02x" % op, P(4) + b"]" + bytes([op]) + b".", MALFORMED, "mark-missing")
    add("c45_pop_mark_nothing", P(4) + b"1N.", MALFORMED, "mark-missing")


def containers():
    add("c46_extension_zip", b"PK\x03\x04" + b"\0" * 20, FORBIDDEN, "persistent-id")
    add("c46_text", b"hello world", MALFORMED, "memo-miss")
    add("c46_json", b"{\"a\": 1}", MALFORMED, "opcode-unknown")
    add("c47_zip_mismatch", b"PK\x05\x06\n" + b"\0" * 18, FORBIDDEN, "persistent-id")
    add("c47_7z", b"7z\xbc\xaf\x27\x1c", MALFORMED, "opcode-unknown")
    add("c47_gzip", b"\x1f\x8b\x08\x00", MALFORMED, "opcode-unknown")
    add("c48_zlib", b"\x78\x9c\x03\x00\x00\x00\x00\x01", MALFORMED, "opcode-unknown")
    add("c48_base64", b"gASVBAAAAAAAAABLAS4=", TRUNCATED, "end-in-argument")
    add("c48_nested_bytes", P(4) + B(P(4) + SG("os", "system") + b".") + b".", ACCEPT, "accepted")
    add("c48_loads_of_nested", call("pickle", "loads", B(P(4) + b"N.")), FORBIDDEN, "global", "pickle.loads")
    magic = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
    add("c49_torch_magic", P(2) + magic + b".", ACCEPT, "accepted")
    add("c49_torch_magic_and_more", P(2) + magic + b"." + P(2) + b"M\xe9\x03.", MALFORMED, "trailing-bytes")
    add("c49_torch_magic_reduced", P(2) + G("builtins", "eval") + b"X\x01\x00\x00\x001\x85R.", FORBIDDEN, "global", "builtins.eval")
    add("c50_padding", P(4) + b"N0" * 5000 + SG("os", "system") + b".", FORBIDDEN, "global", "os.system")
    add("c50_after_megabyte", P(4) + b"B" + struct.pack("<I", 20000) + b"x" * 20000 + b"0" + SG("os", "system") + b".",
        FORBIDDEN, "global", "os.system")
    add("c50_marks", P(4) + b"(" * 2000 + SG("os", "system") + b".", FORBIDDEN, "global", "os.system")
    refused("c51_scanner", ("picklescan.scanner", "scan_bytes"), ("logging", "FileHandler"), ("modelscan.modelscan", "ModelScan"))
    refused("c52_network", ("ssl", "get_server_certificate"), ("pandas.io.parsers.readers", "read_csv"),
            ("urllib.request", "urlopen"), ("smtplib", "SMTP"))
    refused("c53_unknown", ("unheard.of", "thing"), ("app", "Unknown"), ("zzz", "zzz"))
    for i, (module, name) in enumerate((("collections_evil", "OrderedDict"), ("datetime", "datetime "), ("datetime ", "datetime"),
                                        ("Datetime", "datetime"), ("datetime.os", "system"), ("datetime\r", "datetime"),
                                        ("date\0time", "datetime"), ("app", "user"), ("app", "wild*"), ("app", "*"))):
        add("c54_shape_%02d" % i, P(3) + G(module, name) + b".", FORBIDDEN if name != "wild*" else ACCEPT,
            "global" if name != "wild*" else "accepted", repr(module + "." + name) if not (module + name).isprintable() or " " in module + name
            else module + "." + name if name != "wild*" else "-")
    add("c54_wildcard_dunder", P(4) + SG("wild", "__getattr__") + b".", FORBIDDEN, "global", "wild.__getattr__")
    add("c54_wildcard_dotted", P(4) + SG("wild", "a.b") + b".", FORBIDDEN, "global", "wild.a.b")
    add("c54_wildcard_star", P(4) + SG("wild", "*") + b".", FORBIDDEN, "global", "wild.*")
    add("c54_wildcard_fine", P(4) + SG("wild", "anything") + b".", ACCEPT, "accepted")
    add("c54_backslash", P(3) + G("date\\x74ime", "datetime") + b".", FORBIDDEN, "global", "date\\x74ime.datetime")
    # A listing decodes each line by itself, and one that ends within an escape fails.
    add("c54_backslash_ends_module", P(3) + G("app\\", "x41") + b".", FORBIDDEN, "global", "app\\.x41")
    add("c54_backslash_ends_name", P(3) + G("app", "User\\") + b".", FORBIDDEN, "global", "app.User\\")


def keys():
    user = SG("app", "User") + b")\x81"
    add("c55_instance_key", P(4) + b"}" + user + b"Ns.", FORBIDDEN, "right-hash", "app.User")
    add("c55_instance_in_set", P(4) + b"\x8f(" + user + b"\x90.", FORBIDDEN, "right-hash", "app.User")
    add("c55_instance_in_frozenset", P(4) + b"(" + user + b"\x91.", FORBIDDEN, "right-hash", "app.User")
    add("c55_instance_in_tuple_key", P(4) + b"}" + user + b"\x85Ns.", FORBIDDEN, "right-hash")
    add("c55_instance_in_set_call", P(3) + SG("builtins", "set") + b"]" + user + b"a\x85R.", FORBIDDEN, "right-hash", "builtins.set")
    add("c55_list_key", P(4) + b"}]Ns.", MALFORMED, "key-unhashable")
    add("c55_dict_key", P(4) + b"}}Ns.", MALFORMED, "key-unhashable")
    add("c55_list_in_tuple_key", P(4) + b"}]\x85Ns.", MALFORMED, "key-unhashable")
    add("c55_bytearray_key", P(5) + b"}\x96" + struct.pack("<Q", 1) + b"xNs.", MALFORMED, "key-unhashable")
    add("c55_set_of_list_of_lists", P(4) + SG("builtins", "set") + b"]]a\x85R.", MALFORMED, "key-unhashable")
    add("c55_hashable_allowed", P(4) + b"}" + SG("app", "Hashed") + b")\x81Ns.", ACCEPT, "accepted")
    add("c55_class_key_allowed", P(4) + b"}" + SG("builtins", "int") + b"Ns.", ACCEPT, "accepted")
    add("c56_halves_a", P(4) + S("os") + S("sys"), TRUNCATED, "end-at-opcode")
    add("c56_halves_b", b"tem" + b"\x93.", MALFORMED, "mark-missing")
    add("c56_joined", P(4) + S("os") + S("sys") + b"tem" + b"\x93.", MALFORMED, "mark-missing")
    add("c56_bit_flipped", P(4) + SG("os", "system") + b")\xd2.", FORBIDDEN, "global", "os.system")


def walking_keys(size=4096, first=1700, more=900):
    """Integers without a slot or a hash in common, of which the last walk over the slots of the first: a
    dict's probing ends in at * 5 + 1."""
    keys = [1]
    while len(keys) < first:
        keys.append((keys[-1] * 5 + 1) % size)
    taken, key = set(keys), size
    while len(keys) < first + more:
        key += 1
        at, perturb, probes = key % size, key, 1
        while at in taken:
            perturb >>= 5
            at, probes = (at * 5 + perturb + 1) % size, probes + 1
        if probes > 200:
            keys.append(key)
            taken.add(at)
    return keys


def resources():
    add("r01_deep_tuple_key", P(4) + b"})" + b"\x85" * 501 + b"Ns.", LIMIT, "key-nesting-max")
    add("r01_deep_tuple_in_set", P(4) + b"\x8f()" + b"\x85" * 900 + b"\x90.", LIMIT, "key-nesting-max")
    add("r01_deep_tuple_in_frozenset", P(4) + b"()" + b"\x85" * 700 + b"\x91.", LIMIT, "key-nesting-max")
    add("r01_deep_tuple_set_call", P(4) + SG("builtins", "frozenset") + b"])" + b"\x85" * 700 + b"a\x85R.", LIMIT, "key-nesting-max")
    add("r01_deep_frozenset_key", P(4) + b"}" + b"(" * 600 + b"N" + b"\x91" * 600 + b"Ns.", LIMIT, "key-nesting-max")
    add("r01_deep_allowed", P(4) + b"})" + b"\x85" * 400 + b"Ns.", ACCEPT, "accepted")
    add("r02_tuple_dag_key", P(4) + b"})" + b"2\x86" * 60 + b"Ns.", LIMIT, "key-cost-max")
    add("r02_tuple_dag_set", P(4) + b"\x8f(K\x01" + b"2\x86" * 24 + b"\x90.", LIMIT, "key-cost-max")
    add("r02_tuple_dag_memo", P(4) + b"}K\x01\x85" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(20)) + b"Ns.",
        LIMIT, "key-cost-max")
    add("r02_tuple_dag_frozenset", P(4) + b"(K\x01" + b"2\x86" * 30 + b"\x91.", LIMIT, "key-cost-max")
    big = b"(" + b"N" * 5000 + b"t"
    add("r03_rehash_dict", P(4) + big + b"q\x000}(" + b"h\x00N" * 3000 + b"u.", LIMIT, "key-cost-total")
    add("r03_rehash_sets", P(4) + big + b"q\x000(" + b"\x8f(h\x00\x90" * 3000 + b"l.", LIMIT, "key-cost-total")
    add("r03_rehash_calls", P(4) + big + b"\x85q\x000" + SG("builtins", "frozenset") + b"q\x010(" + b"h\x01h\x00R" * 3000 + b"l.",
        LIMIT, "heap")
    prime = 2 ** 61 - 1

    def number(n):
        data = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(data)]) + data
    ints = b"".join(number(i * prime) + b"N" for i in range(1, 3001))
    add("r04_colliding_ints", P(4) + b"}(" + ints + b"u.", LIMIT, "key-collisions")
    elements = b"".join(number(i * prime) for i in range(1, 3001))
    add("r04_colliding_set", P(4) + b"\x8f(" + elements + b"\x90.", LIMIT, "key-collisions")
    add("r04_colliding_set_call", P(3) + SG("builtins", "set") + b"](" + elements + b"e\x85R.", LIMIT, "key-collisions")
    add("r04_colliding_list_first", P(4) + b"](" + elements + b"e\x940" + SG("builtins", "set") + b"h\x00\x85R.",
        LIMIT, "key-collisions")
    add("r04_colliding_set_of_tuple", P(4) + SG("builtins", "set") + b"(" + elements + b"t\x85R.", LIMIT, "key-collisions")
    add("r04_colliding_tuples", P(4) + b"}(" + b"".join(number(i * prime) + b"\x85N" for i in range(1, 3001)) + b"u.",
        LIMIT, "key-collisions")
    add("r04_colliding_with_str", P(4) + S("a") + b"q\x000}(" + b"".join(b"h\x00" + number(i * prime) + b"\x86N" for i in range(1, 3001)) + b"u.",
        LIMIT, "key-collisions")
    add("r04_colliding_text", b"(" + b"".join(b"L%dL\nN" % (i * prime) for i in range(1, 2001)) + b"d.", LIMIT, "key-collisions")
    add("r04_colliding_floats", P(4) + b"}(" + b"".join(b"G" + struct.pack(">d", 2.0 ** (61 * (i % 16)) * (1 + i // 16) if i % 16 else -1.0 - i) + b"N" for i in range(2000)) + b"u.",
        ACCEPT, "accepted")
    add("r04_nan_keys", P(4) + b"}(" + (b"G" + struct.pack(">d", float("nan")) + b"N") * 1500 + b"u.", LIMIT, "key-collisions")
    add("r04_walking_ints", P(4) + b"}(" + b"".join(b"J" + struct.pack("<i", key) + b"N" for key in walking_keys()) + b"u.",
        LIMIT, "key-collisions")
    for name, keys in (("in_a_row", (1, 2, 3, 4)), ("apart", (1, 5, 9, 2))):
        add("r04_few_ints_" + name, P(4) + b"}(" + b"".join(b"K" + bytes([key]) + b"N" for key in keys) + b"u(K\x63NK\x4dNK\x58Nu.", ACCEPT, "accepted")
    add("r04_few_ints_of_tuple", P(4) + SG("builtins", "set") + b"(K\x01K\x05K\x09t\x85R.", ACCEPT, "accepted")
    add("r04_many_ints_allowed", P(4) + b"}(" + b"".join(b"J" + struct.pack("<i", i * 64) + b"N" for i in range(3000)) + b"u.",
        ACCEPT, "accepted")
    add("r05_memo_index_binput", P(4) + b"Nr" + struct.pack("<I", 10 ** 7) + b".", LIMIT, "memo-index")
    add("r05_memo_index_put", b"Np2147483648\n.", LIMIT, "memo-index")
    add("r05_memo_index_two", P(4) + b"Nq\x02.", LIMIT, "memo-index")
    add("r05_memo_index_from_1", P(2) + b"Nq\x01.", ACCEPT, "accepted")
    for name, op, width in (("binbytes8", b"\x8e", 8), ("bytearray8", b"\x96", 8), ("binunicode8", b"\x8d", 8),
                            ("binbytes", b"B", 4), ("binunicode", b"X", 4)):
        add("r06_length_" + name, P(5) + op + b"\xff" * (width - 1) + b"\x7f" + b"abc.", TRUNCATED, "end-in-argument")
    add("r06_length_max", P(5) + b"\x8e" + b"\xff" * 8 + b"abc.", TRUNCATED, "end-in-argument")
    add("r07_text_digits", b"I" + b"9" * 4301 + b"\n.", LIMIT, "digits-max")
    add("r07_long_digits", b"L" + b"9" * 4301 + b"L\n.", LIMIT, "digits-max")
    add("r07_negative_digits", b"L-" + b"9" * 4300 + b"L\n.", LIMIT, "digits-max")
    add("r07_digits_allowed", b"L" + b"9" * 4300 + b"L\n.", ACCEPT, "accepted")
    add("r08_long4", P(2) + b"\x8b" + struct.pack("<i", 65537) + b"\x01" * 65537 + b".", LIMIT, "long-bytes-max")
    add("r08_long4_claim", P(2) + b"\x8b\xff\xff\xff\x7f\x01.", LIMIT, "long-bytes-max")
    add("r08_long4_allowed", P(2) + b"\x8b" + struct.pack("<i", 300) + b"\x01" * 300 + b".", ACCEPT, "accepted")
    add("r09_nested_lists", P(4) + b"]" * 1100 + b"a" * 1099 + b".", LIMIT, "nesting-max")
    add("r09_nested_tuples", P(4) + b")" + b"\x85" * 1100 + b".", LIMIT, "nesting-max")
    add("r09_nested_dicts", P(4) + b"}" + b"K\x00}" * 1100 + b"s" * 1100 + b".", LIMIT, "nesting-max")
    add("r09_nested_states", P(4) + SG("app", "User") + b"\x940" + b"h\x00)\x81}" * 600 + b"N" + b"0" + b"b" + S("a") + b"0" + b".",
        MALFORMED, "stack-leftovers")
    add("r10_bytearray_int", call("builtins", "bytearray", b"\x8a\x06" + (10 ** 12).to_bytes(6, "little")),
        FORBIDDEN, "arguments", "builtins.bytearray")
    add("r10_bytes_int", call("builtins", "bytes", b"J\xff\xff\xff\x7f"), FORBIDDEN, "arguments", "builtins.bytes")
    ranges = SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85R"
    for name in ("set", "frozenset", "list", "tuple"):
        add("r10_%s_range" % name, call("builtins", name, ranges), FORBIDDEN, "arguments", "builtins." + name)
    for name in ("deque", "Counter", "OrderedDict"):
        add("r10_%s_range" % name, call("collections", name, ranges), FORBIDDEN, "arguments", "collections." + name)
    refused("r11_iterator", ("itertools", "count"), ("itertools", "repeat"), ("itertools", "cycle"))
    for i, text in enumerate(("1e10000000", "1/", "1.5", "1/2/3", " 1", "1_0", "")):
        add("r12_fraction_%d" % i, call("fractions", "Fraction", S(text)), FORBIDDEN, "arguments", "fractions.Fraction")
    for i, text in enumerate(("1e1000000", "1e99999999999999999999", "0x1", "1 ", "1_0", "", "e5", "1e", "1" * 4301)):
        add("r12_decimal_%d" % i, call("decimal", "Decimal", S(text)), FORBIDDEN, "arguments", "decimal.Decimal")
    for i, text in enumerate(("1.5", "-0", "1E+999999", "NaN", "sNaN12", "-Infinity", "12.")):
        add("r12_decimal_fine_%d" % i, call("decimal", "Decimal", S(text)), ACCEPT, "accepted")
    add("r12_int_text", call("builtins", "int", S("9" * 200)), FORBIDDEN, "right-call", "builtins.int")
    refused("r13_regex", ("re", "_compile"), ("regex", "compile"), ("sre_compile", "compile"))
    for i, codec in enumerate(("zlib", "hex", "utf-8", "LATIN1", "punycode")):
        add("r14_codecs_%d" % i, call("_codecs", "encode", S("x"), S(codec)), FORBIDDEN, "arguments", "_codecs.encode")
    add("r14_codecs_bytes", call("_codecs", "encode", B(b"x"), S("latin1")), FORBIDDEN, "arguments", "_codecs.encode")
    add("r14_codecs_not_latin", call("_codecs", "encode", S("\u20ac"), S("latin1")), FORBIDDEN, "arguments", "_codecs.encode")
    add("r14_codecs_decode", call("_codecs", "decode", B(b"x"), S("zlib")), FORBIDDEN, "global", "_codecs.decode")
    add("r14_codecs_allowed", call("_codecs", "encode", S("\xe9"), S("latin1")), ACCEPT, "accepted")
    numpy_arrays()
    add("r16_memory_sets", P(4) + b"(" + b"\x8f" * 320000 + b"l.", LIMIT, "heap")
    add("r16_memory_copies", P(4) + b"](" + b"N" * 20000 + b"e\x85\x940" + SG("builtins", "list") + b"\x940(" + b"h\x01h\x00R" * 2000 + b"l.",
        LIMIT, "heap")
    add("r16_memory_tuples", P(4) + b"](" + b"N" * 20000 + b"e\x85\x940" + SG("builtins", "tuple") + b"\x940(" + b"h\x01h\x00R" * 2000 + b"l.",
        FORBIDDEN, "arguments", "builtins.tuple")
    add("r17_recursive_list", P(4) + b"]\x94h\x00a.", ACCEPT, "accepted")
    add("r17_zone_path", call("zoneinfo", "ZoneInfo._unpickle", S("/etc/passwd"), b"\x88"), FORBIDDEN, "arguments",
        "zoneinfo.ZoneInfo._unpickle")
    add("r17_zone_parent", call("zoneinfo", "ZoneInfo._unpickle", S("../../x"), b"\x88"), FORBIDDEN, "arguments",
        "zoneinfo.ZoneInfo._unpickle")
    add("r17_zone_allowed", P(3) + G("builtins", "getattr") + G("zoneinfo", "ZoneInfo") + S("_unpickle") + b"\x86R"
        + S("Europe/Berlin") + b"\x88\x86R.", ACCEPT, "accepted")


def laughs_and_floods():
    """What is small in bytes and time as long as nobody walks it, and what is many of one opcode."""
    doubled = b"](" + b"K\x01K\x02e" + b"".join(b"q%c0](h%ch%ce" % (i, i, i) for i in range(40))
    add("r31_laughs_lists", P(4) + doubled + b".", ACCEPT, "accepted")
    add("r31_laughs_dicts", P(4) + b"}" + b"".join(b"q%c0}(K\x01h%cK\x02h%cu" % (i, i, i) for i in range(40)) + b".", ACCEPT, "accepted")
    add("r31_laughs_written", P(4) + SG("django.db.models.base", "model_unpickle") + SG("builtins", "ValueError") + doubled + b"\x85R" + S("user")
        + b"\x86\x85R.", LIMIT, "expanded-max")
    add("r31_laughs_key", P(4) + b"}" + b")" + b"2\x86" * 40 + b"Ns.", LIMIT, "key-cost-max")
    add("r32_flood_stack", P(4) + b"N" + b"2" * 50000 + b".", MALFORMED, "stack-leftovers")
    add("r32_flood_marks", P(4) + b"(" * 2000 + b"N.", MALFORMED, "stack-leftovers")
    add("r32_flood_marks_popped", P(4) + b"(" * 2000 + b"1" * 2000 + b"N.", ACCEPT, "accepted")
    add("r32_flood_memo", P(4) + b"N" + b"\x94" * 50000 + b".", ACCEPT, "accepted")
    add("r32_flood_list", P(4) + b"(N" + b"2" * 50000 + b"l.", ACCEPT, "accepted")
    add("r17_recursive_dict", P(4) + b"}\x94K\x01h\x00s.", ACCEPT, "accepted")
    add("r17_recursive_tuple", P(4) + b"]\x94h\x00\x85a.", ACCEPT, "accepted")


def arguments():
    """For each model arguments that it must not admit."""
    obj = SG("app", "User") + b")\x81"
    rng = SG("builtins", "range") + b"K\x01\x85R"
    fun = SG("app", "helper")
    rows = (
        ("builtins", "object", (b"N",)), ("builtins", "getattr", (fun,)), ("builtins", "getattr", (fun, S(""))),
        ("builtins", "type", ()), ("builtins", "type", (b"K\x01",)), ("builtins", "type", (fun,)), ("builtins", "type", (b"N", b"N")),
        ("builtins", "bytes", (b"]",)), ("builtins", "bytes", (B(b"x"), b"N")), ("builtins", "bytearray", (S("x"),)),
        ("builtins", "bytearray", (S("x"), S("zlib"))), ("builtins", "bytearray", (S("\u20ac"), S("latin-1"))),
        ("builtins", "set", (obj,)), ("builtins", "set", (b"]", b"]")), ("builtins", "set", (b"}",)), ("builtins", "frozenset", (S("x"),)),
        ("builtins", "list", (b"]", b"N")), ("builtins", "list", (obj,)), ("builtins", "tuple", (S("x"),)), ("builtins", "dict", (b"]",)),
        ("builtins", "float", (S("1"),)), ("builtins", "range", ()), ("builtins", "range", (b"G" + b"\0" * 8,)), ("builtins", "range", (b"N",)),
        ("builtins", "range", (b"K\x01",) * 4), ("builtins", "slice", ()), ("builtins", "slice", (b"N",) * 4),
        ("builtins", "complex", (b"N", b"N")), ("builtins", "complex", (b"K\x01",)), ("builtins", "complex", (S("1"), b"K\x01")),
        ("_codecs", "encode", (S("x"),)), ("_codecs", "encode", (S("x"), b"U\x06latin1")), ("_codecs", "encode", (b"N", S("latin1"))),
        ("copyreg", "_reconstructor", (SG("app", "User"), SG("builtins", "object"))),
        ("copyreg", "_reconstructor", (SG("app", "User"), SG("builtins", "object"), b"]")),
        ("copyreg", "_reconstructor", (SG("app", "User"), SG("builtins", "list"), b"}")),
        ("copyreg", "_reconstructor", (SG("app", "User"), b"N", b"N")), ("copyreg", "_reconstructor", (b"N", SG("builtins", "object"), b"N")),
        ("copyreg", "_reconstructor", (SG("collections", "deque"), SG("builtins", "object"), b"N")),
        ("copyreg", "__newobj__", ()), ("copyreg", "__newobj__", (fun,)), ("copyreg", "__newobj__", (SG("builtins", "object"), b"N")),
        ("copyreg", "__newobj__", (obj,)), ("functools", "partial", ()), ("functools", "partial", (SG("app", "User"), b"N")),
        ("collections", "OrderedDict", (b"(]l",)), ("collections", "OrderedDict", (b"(](]K\x02el",)), ("collections", "OrderedDict", (b"}", b"N")),
        ("collections", "OrderedDict", (obj,)), ("collections", "Counter", (b"]",)), ("collections", "Counter", (S("x"),)),
        ("collections", "defaultdict", (obj,)), ("collections", "defaultdict", (b"N", b"]")), ("collections", "defaultdict", (b"N", b"}", b"N")),
        ("collections", "defaultdict", (b"K\x01",)), ("collections", "deque", (S("x"),)), ("collections", "deque", (b"]", S("x"))),
        ("collections", "deque", (b"]", b"J\xff\xff\xff\xff")), ("collections", "deque", (b"]", b"N", b"N")), ("collections", "deque", (rng,)),
        ("fractions", "Fraction", (b"G" + b"\0" * 8,)), ("fractions", "Fraction", (S("1/3"), b"K\x01")), ("fractions", "Fraction", ()),
        ("fractions", "Fraction", (b"V1\\u0031\n",)), ("decimal", "Decimal", (b"K\x01",)), ("decimal", "Decimal", (S("1"), b"N")),
        ("decimal", "Decimal", (b"K\x01K\x02\x86",)), ("array", "array", ()), ("array", "array", (S("i"), b"K\x05")), ("array", "array", (S("ii"),)),
        ("array", "array", (S("i"), b"]", b"N")), ("array", "array", (b"N",)),
        ("array", "_array_reconstructor", (SG("array", "array"), S("i"), b"K\x01")),
        ("array", "_array_reconstructor", (SG("app", "User"), S("i"), b"K\x01", B(b""))),
        ("array", "_array_reconstructor", (SG("array", "array"), S("i"), b"K\x01", b"]")),
        ("zoneinfo", "ZoneInfo._unpickle", ()), ("zoneinfo", "ZoneInfo._unpickle", (S("UTC"), S("x"))),
        ("zoneinfo", "ZoneInfo._unpickle", (S("UTC"), b"K\x02")), ("zoneinfo", "ZoneInfo._unpickle", (S(""), b"\x88")),
        ("zoneinfo", "ZoneInfo._unpickle", (S("U" * 65), b"\x88")), ("zoneinfo", "ZoneInfo._unpickle", (S("UTC"), b"\x88", b"N")),
        ("zoneinfo", "ZoneInfo._unpickle", (b"N",)), ("pathlib", "PosixPath", (b"K\x01",)), ("pathlib", "PosixPath", (S("a"), b"N")),
        ("numpy", "dtype", (S("f8"), b"\x89")), ("numpy", "dtype", (b"N", b"\x89", b"\x88")), ("numpy", "dtype", (S("f8"), b"N", b"\x88")),
        ("numpy", "dtype", (S("x8"), b"\x89", b"\x88")), ("numpy", "dtype", (S("f"), b"\x89", b"\x88")), ("numpy", "dtype", (S("fx"), b"\x89", b"\x88")),
        ("numpy", "dtype", (S("<"), b"\x89", b"\x88")), ("numpy", "dtype", (S("U18446744073709551615"), b"\x89", b"\x88")),
        ("numpy", "dtype", (S("U4611686018427387905"[:16]), b"\x89", b"\x88")), ("numpy", "dtype", (S("f99"), b"\x89", b"\x88")),
        ("numpy.core.multiarray", "_reconstruct", (SG("numpy", "ndarray"), b"K\x00\x85")),
        ("numpy.core.multiarray", "_reconstruct", (b"N", b"K\x00\x85", B(b"b"))),
        ("numpy.core.multiarray", "_reconstruct", (SG("numpy", "ndarray"), b"N", B(b"b"))),
        ("numpy.core.multiarray", "_reconstruct", (SG("numpy", "ndarray"), b"K\x00K\x00\x86", B(b"b"))),
        ("numpy.core.multiarray", "_reconstruct", (SG("numpy", "ndarray"), b"K\x00\x85", B(b"bb"))),
        ("numpy.core.multiarray", "scalar", (DTYPE,)), ("numpy.core.multiarray", "scalar", (b"N", B(b"x" * 8))),
        ("numpy.core.multiarray", "scalar", (DTYPE, B(b"x" * 7))), ("numpy.core.multiarray", "scalar", (OBJECTS, B(b"x" * 8))),
        ("numpy.core.multiarray", "scalar", (DTYPE, b"]")),
        ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), DTYPE, b"K\x01\x85")), ("numpy.core.numeric", "_frombuffer", (b"N", DTYPE, b"K\x01\x85", S("C"))),
        ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), b"N", b"K\x01\x85", S("C"))),
        ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), DTYPE, b"N", S("C"))), ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), DTYPE, b"K\x01\x85", b"N")),
        ("numpy.core.numeric", "_frombuffer", (B(b""), OBJECTS, b"K\x00\x85", S("C"))),
        ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), DTYPE, b"K\x01\x85", S("C"), b"K\x01")),
        ("numpy.core.numeric", "_frombuffer", (B(b"x" * 8), DTYPE, b"(" + b"K\x01" * 65 + b"t", S("C"))),
    )
    for i, (module, name, args) in enumerate(rows):
        add("a%03d_%s" % (i, name.strip("_").replace(".", "_")), call(module, name, *args), FORBIDDEN, "arguments", module + "." + name)
    user, get = SG("app", "User"), SG("builtins", "getattr")
    method = get + user + S("__new__") + b"\x86R"
    begun = SG("functools", "partial") + method + b"q\x00\x85R"
    again = b"h\x00"

    def completed(state, then=b")R."):
        return P(4) + begun + state + b"b" + then
    fine = b"(" + again + user + b"\x85NNt"
    add("p_partial_fine", completed(fine), ACCEPT, "accepted")
    add("p_partial_arguments", completed(fine, b"N\x85R."), FORBIDDEN, "arguments")
    add("p_partial_unfinished", P(4) + begun + b")R.", FORBIDDEN, "callee")
    add("p_partial_as_data", P(4) + begun + b".", FORBIDDEN, "right-ref")
    add("p_method_as_data", P(4) + method + b".", FORBIDDEN, "right-ref", "app.User")
    add("p_method_called", P(4) + method + user + b"\x85R.", FORBIDDEN, "callee")
    add("p_partial_twice", completed(fine, fine + b"b)R."), FORBIDDEN, "state-kind")
    add("p_partial_state_short", completed(again + user + b"\x85N\x87"), FORBIDDEN, "state-kind")
    add("p_partial_state_function", completed(b"(" + user + user + b"\x85NNt"), FORBIDDEN, "state-kind")
    add("p_partial_state_keywords", completed(b"(" + again + user + b"\x85]Nt"), FORBIDDEN, "state-kind")
    add("p_partial_state_attributes", completed(b"(" + again + user + b"\x85N}t"), FORBIDDEN, "state-kind")
    add("p_partial_of_function", completed(b"(" + again + SG("app", "helper") + b"\x85NNt"), FORBIDDEN, "arguments", "app.User")
    add("p_partial_of_object", completed(b"(" + again + SG("builtins", "object") + b"\x85NNt"), FORBIDDEN, "arguments", "app.User")
    add("p_partial_key_kind", completed(b"(" + again + user + b"\x85}K\x01NsNt"), FORBIDDEN, "arguments", "app.User")
    add("p_partial_hides_global", completed(b"(" + again + user + get + b"\x86NNt"), FORBIDDEN, "right-ref", "builtins.getattr")
    add("p_reconstructor_hides_global", P(4) + SG("copyreg", "__newobj__") + user + get + b"\x86R.", FORBIDDEN, "right-ref", "builtins.getattr")
    add("p_newobj_args_list", P(4) + user + b"]\x81.", MALFORMED, "operand-kind")
    add("p_newobj_modelled", P(4) + SG("collections", "deque") + b"]\x85\x81.", FORBIDDEN, "arguments", "collections.deque")
    add("p_newobj_object_arguments", P(4) + SG("builtins", "object") + b"N\x85\x81.", FORBIDDEN, "arguments", "builtins.object")
    add("p_newobj_ex_shape", P(4) + SG("app", "Shaped") + b")}" + S("a") + b"Ns\x92.", FORBIDDEN, "arguments", "app.Shaped")
    add("p_newobj_shape", P(4) + SG("app", "Shaped") + b"N\x85\x81.", FORBIDDEN, "arguments", "app.Shaped")
    add("p_shape_short", P(4) + SG("app", "Pair") + b"K\x01\x85R.", FORBIDDEN, "arguments", "app.Pair")
    add("p_obj_of_instance", P(4) + b"(" + user + b")\x81K\x01o.", FORBIDDEN, "callee")
    add("p_obj_of_nothing", P(4) + b"N(o.", MALFORMED, "stack-underflow")
    add("p_planted_items", P(4) + SG("app", "Both") + b")\x81" + S("append") + SG("app", "helper") + b"sNa.", FORBIDDEN, "state-key", "app.Both")
    both, made = SG("app", "Both") + b")\x81", b"}" + S("value_encode") + SG("app", "helper") + b"sb"
    for name, later in (("item", S("a") + b"Ns"), ("items", b"(" + S("a") + b"Nu"), ("append", b"Na"), ("appends", b"(Ne"), ("elements", b"(N\x90"), ("state", b"}b")):
        add("p_state_then_" + name, P(4) + both + made + later + b".", FORBIDDEN, "state-last", "app.Both")
    add("p_state_then_item_memo", P(4) + both + b"q\x00" + made + b"0h\x00" + S("a") + b"Ns.", FORBIDDEN, "state-last", "app.Both")
    add("p_items_then_state", P(4) + both + b"Na" + S("a") + b"Ns" + made + b".", ACCEPT, "accepted")
    add("p_set_of_many_tuples", P(4) + b"(" + b"N" * 9000 + b"t\x85q\x000" + SG("builtins", "set") + b"q\x010" + b"h\x01(h\x00lR"[:0]
        + b"](" + b"h\x00" * 2000 + b"e\x85q\x020h\x01h\x02R.", LIMIT, "key-cost-total")
    add("p_set_hides_bare", P(4) + SG("builtins", "set") + b"(" + SG("app", "User") + b")\x81t\x85R.", FORBIDDEN, "right-hash", "builtins.set")
    nd = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
    for i, state in enumerate((b"}", b"K\x01\x85", b"(NK\x01\x85" + DTYPE + b"\x89" + B(b"x" * 8) + b"t", b"(K\x01N" + DTYPE + b"\x89" + B(b"") + b"t",
                               b"(K\x01K\x01\x85N\x89" + B(b"x" * 8) + b"t", b"(K\x01K\x01\x85" + DTYPE + b"N" + B(b"x" * 8) + b"t",
                               b"(K\x01K\x01\x85" + DTYPE + b"\x89Nt", b"(K\x01K\x01\x85" + DTYPE + b"\x89" + B(b"x" * 8) + b"NNt",
                               b"(K\x01K\x02\x85" + OBJECTS + b"\x89](NNNet")):
        add("p_array_state_%d" % i, P(4) + nd + state + b"b.", FORBIDDEN, "state-kind", "numpy.ndarray")
    size = b"J\xff\xff\xff\xff"
    for i, state in enumerate((b"N", b"K\x03\x85", b"(N" + S("<") + b"NNN" + size * 2 + b"K\x00t", b"(K\x03K\x01NNN" + size * 2 + b"K\x00t",
                               b"(K\x03" + S("<") + b"NNNNNK\x00t", b"(K\x03" + S("<") + b"NNN" + size * 2 + b"Nt",
                               b"(K\x03" + S("<") + b"NNN" + size + b"K\x7fK\x00t", b"(K\x03" + S("<") + b"NNN" + size * 2 + b"M\x00\x01t",
                               b"(K\x03" + S("<") + b"NNNK\x10K\x01K\x00t", b"(K\x03" + S("<") + b"N)N" + size * 2 + b"K\x00t")):
        add("p_dtype_state_%d" % i, P(4) + DTYPE + state + b"b.", FORBIDDEN, "state-kind", "numpy.dtype")
    void = SG("numpy", "dtype") + S("V16") + b"\x89\x88\x87R"
    for i, state in enumerate((b"(K\x03" + S("|") + b"N)NK\x10K\x01K\x00t", b"(K\x03" + S("|") + b"N" + S("a") + b"\x85}" + S("a") + b"NsK\x10K\x01K\x00t",
                               b"(K\x03" + S("|") + b"NK\x01\x85}" + S("a") + DTYPE + b"K\x00\x86sK\x10K\x01K\x00t",
                               b"(K\x03" + S("|") + DTYPE + b"K\x03\x85\x86NNK\x10K\x01K\x00t", b"(K\x03" + S("|") + b"NNNNNK\x10K\x01K\x00t",
                               b"(K\x03" + S("|") + DTYPE + b"\x85NNK\x10K\x01K\x00t", b"(K\x03" + S("|") + b"NNNJ\xf0\xff\xff\xffK\x01K\x00t")):
        add("p_void_state_%d" % i, P(4) + void + state + b"b.", FORBIDDEN, "state-kind", "numpy.dtype")
    add("p_void_subarray_fine", P(4) + void + b"(K\x03" + S("|") + DTYPE + b"K\x02\x85\x86NNK\x10K\x01K\x00tb.", ACCEPT, "accepted")
    for flags, verdict, rule in ((b"J\x90\xff\xff\xff", ACCEPT, "accepted"), (b"J\x91\xff\xff\xff", FORBIDDEN, "state-kind"), (b"J\x7f\xff\xff\xff", FORBIDDEN, "state-kind"),
                                 (b"J\xb0\xff\xff\xff", FORBIDDEN, "state-kind"), (b"J\xd0\xff\xff\xff", FORBIDDEN, "state-kind")):
        add("p_void_flags_%02x" % flags[1], P(4) + void + b"(K\x03" + S("|") + b"NNNK\x10K\x01" + flags + b"tb.", verdict, rule, "-" if verdict == ACCEPT else "numpy.dtype")
    add("p_dtype_changed_later", P(4) + void + b"q\x00\x85h\x00(K\x03" + S("|") + b"NNNK\x10K\x01K\x00tb\x86.", FORBIDDEN, "state-kind", "numpy.dtype")
    add("p_fields_changed_later", P(4) + b"}" + S("a") + DTYPE + b"K\x00\x86sq\x000" + void + b"(K\x03" + S("|") + b"N" + S("a") + b"\x85h\x00K\x10K\x01K\x00tb"
        + b"h\x00" + S("b") + b"Ns\x86.", FORBIDDEN, "items-target")


DTYPE = SG("numpy", "dtype") + S("f8") + b"\x89\x88\x87R"
OBJECTS = SG("numpy", "dtype") + S("O8") + b"\x89\x88\x87R"


def numpy_arrays():
    def dtype(text="f8", state=b""):
        return SG("numpy", "dtype") + S(text) + b"\x89\x88\x87R" + state
    plain = b"(K\x03" + S("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    make = SG("numpy.core.multiarray", "_reconstruct")
    empty = make + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"

    def array(shape, kind, data, state=plain):
        return P(4) + empty + b"(K\x01" + shape + dtype(kind, state) + b"\x89" + data + b"tb."
    recon = "numpy.core.multiarray._reconstruct"
    add("r15_reconstruct_shape", P(4) + make + SG("numpy", "ndarray") + b"J\xff\xff\xff\x7f\x85" + B(b"b") + b"\x87R.",
        FORBIDDEN, "arguments", recon)
    add("r15_reconstruct_function", P(4) + make + SG("_codecs", "encode") + b"K\x00\x85" + B(b"b") + b"\x87R.",
        FORBIDDEN, "arguments", recon)
    add("r15_dtype_giant", P(4) + dtype("V2147483647") + b".", FORBIDDEN, "arguments", "numpy.dtype")
    add("r15_dtype_text", P(4) + dtype("f8,f8") + b".", FORBIDDEN, "arguments", "numpy.dtype")
    add("r15_ndarray_called", call("numpy", "ndarray", b"J\xff\xff\xff\x7f\x85"), FORBIDDEN, "right-call", "numpy.ndarray")
    frombuffer = SG("numpy.core.numeric", "_frombuffer")
    add("r15_frombuffer_shape", P(4) + frombuffer + b"(" + B(b"x" * 8) + dtype() + b"J\xff\xff\xff\x7f\x85" + S("C") + b"tR.",
        FORBIDDEN, "arguments", "numpy.core.numeric._frombuffer")
    add("r15_frombuffer_allowed", P(4) + frombuffer + b"(" + B(b"x" * 16) + dtype() + b"K\x02\x85" + S("C") + b"tR.", ACCEPT, "accepted")
    nd = "numpy.ndarray"
    add("r15_state_empty_beyond", array(b"\x8a\x08" + b"\0" * 7 + b"\x40K\x03K\x00\x87", "f8", B(b"")), FORBIDDEN, "state-kind", nd)
    add("r15_state_allowed", array(b"K\x02\x85", "f8", B(b"x" * 16)), ACCEPT, "accepted")
    add("r15_state_shape", array(b"K\x03\x85", "f8", B(b"x" * 16)), FORBIDDEN, "state-kind", nd)
    add("r15_state_overflow", array(b"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x20K\x08\x86", "f8", B(b"")), FORBIDDEN, "state-kind", nd)
    add("r15_state_negative", array(b"J\xff\xff\xff\xff\x85", "f8", B(b"x" * 8)), FORBIDDEN, "state-kind", nd)
    add("r15_state_objects_as_bytes", array(b"K\x02\x85", "O8", B(b"x" * 16), b""), FORBIDDEN, "state-kind", nd)
    add("r15_state_objects_allowed", array(b"K\x02\x85", "O8", b"](K\x01K\x02e", b""), ACCEPT, "accepted")
    flags = b"(K\x03" + S("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK%ctb"
    add("r15_dtype_flags_forged", P(4) + dtype("f8", flags % 63) + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_dtype_object_flags_forged", P(4) + dtype("O8", flags % 0) + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_dtype_object_flags", P(4) + dtype("O8", flags % 63) + b".", ACCEPT, "accepted")

    def record(size, offset, names=b"a", flag=16, field="f8"):
        return dtype("V%d" % size, b"(K\x03" + S("|") + b"N" + S(names) + b"\x85}" + S("a") + dtype(field) + b"K" + bytes([offset])
                     + b"\x86sK" + bytes([size]) + b"K\x01K" + bytes([flag]) + b"tb")
    add("r15_fields_allowed", P(4) + record(16, 8) + b".", ACCEPT, "accepted")
    add("r15_fields_beyond", P(4) + record(16, 9) + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_fields_names", P(4) + record(16, 8, b"b") + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_fields_hidden_object", P(4) + record(16, 0, field="O8") + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_fields_object", P(4) + record(16, 0, field="O8", flag=27) + b".", ACCEPT, "accepted")

    def struct_of(size, flag, *fields, kind="V", order="|", title=b""):
        pairs = b"".join(S(name) + b"(" + dtype(field) + b"K" + bytes([offset]) + title + b"t" for name, field, offset in fields)
        named = b"(" + b"".join(S(name) for name, _, _ in fields) + b"t"
        return P(4) + dtype(kind + str(size), b"(K\x03" + S(order) + b"N" + named + b"}(" + pairs + b"uK" + bytes([size * (4 if kind == "U" else 1)])
                            + b"K\x01" + (b"K" + bytes([flag]) if flag >= 0 else b"J" + struct.pack("<i", flag)) + b"tb") + b"."
    beside = (("a", "O8", 0), ("b", "f8", 8))
    add("r15_object_beside", struct_of(16, 27, *beside), ACCEPT, "accepted")
    add("r15_object_beside_aligned", struct_of(16, -101, *beside), ACCEPT, "accepted")
    for name, forged in (
            ("overlap", struct_of(8, 27, ("a", "O8", 0), ("b", "f8", 0))), ("overlap_after", struct_of(8, 27, ("a", "f8", 0), ("b", "O8", 0))),
            ("overlap_part", struct_of(16, 27, ("a", "O8", 0), ("b", "f8", 4))), ("overlap_objects", struct_of(16, 27, ("a", "O8", 0), ("b", "O8", 4))),
            ("unordered_overlap", struct_of(16, 27, ("a", "O8", 8), ("b", "f8", 4))), ("unordered_objects", struct_of(16, 27, ("a", "O8", 8), ("b", "O8", 1))),
            ("unordered_titled", struct_of(16, 27, ("a", "O8", 8), ("b", "f8", 0), title=S("a"))), ("titled", struct_of(16, 27, *beside, title=S("a"))),
            ("byte_order", struct_of(16, 27, *beside, order=">")), ("in_text", struct_of(4, 27, *beside, kind="U")),
            ("no_init", struct_of(16, 3, *beside)), ("as_pointers", struct_of(16, 63, *beside))):
        add("r15_object_" + name, forged, FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_object_unordered", struct_of(16, 27, ("a", "O8", 8), ("b", "f8", 0)), ACCEPT, "accepted")
    add("r15_object_behind_many", struct_of(16, 27, ("a", "i4", 12), ("b", "O8", 0), ("c", "i4", 8)), ACCEPT, "accepted")
    many = tuple(("f%d" % i, "i1", 255 - i) for i in range(128))
    add("r15_object_too_many_fields", struct_of(255, 27, ("o", "O8", 0), *many), FORBIDDEN, "state-kind", "numpy.dtype")

    def titled(*pairs, size=16, flag=16, names=("a", "b"), kinds=("i4", "f8"), places=(0, 8)):
        """Fields with titles; pairs of key and field's number say what the dict holds, each field a tuple that is kept."""
        made = b"".join(dtype(kind) + b"K" + bytes([place]) + title + (b"\x87" if title else b"\x86") + b"\x940"
                        for kind, place, title in zip(kinds, places, titles))
        body = b"}(" + b"".join(S(key) + b"h" + bytes([field]) for key, field in pairs) + b"u"
        return P(4) + made + dtype("V%d" % size, b"(K\x03" + S("|") + b"N(" + b"".join(map(S, names)) + b"t" + body + b"K" + bytes([size])
                                   + b"K\x01K" + bytes([flag]) + b"tb") + b"."
    titles = (S("A"), S("B"))
    titles = (b"", b"")
    add("r15_names_more", titled(("b", 1)), FORBIDDEN, "state-kind", "numpy.dtype")
    many = ["n%d" % i for i in range(129)]
    titles = tuple(S("T%d" % i) for i in range(129))
    add("r23_titles_many", titled(*[(n, i) for i, name in enumerate(many) for n in (name, "T%d" % i)], size=129, names=many, kinds=("b1",) * 129, places=range(129)),
        FORBIDDEN, "state-kind", "numpy.dtype")
    add("r23_titles_most", titled(*[(n, i) for i, name in enumerate(many[1:]) for n in (name, "T%d" % i)], size=128, names=many[1:], kinds=("b1",) * 128, places=range(128)),
        ACCEPT, "accepted")
    titles = (S("A"), S("B"))
    add("r23_titles", titled(("a", 0), ("A", 0), ("b", 1), ("B", 1)), ACCEPT, "accepted")
    for name, forged in (("missing", titled(("a", 0), ("b", 1))), ("one_missing", titled(("a", 0), ("A", 0), ("b", 1))),
                         ("before", titled(("A", 0), ("a", 0), ("b", 1), ("B", 1))), ("swapped", titled(("a", 0), ("B", 0), ("b", 1), ("A", 1))),
                         ("of_another", titled(("a", 0), ("A", 1), ("b", 1), ("B", 1))), ("name_of_another", titled(("a", 1), ("A", 0), ("b", 1), ("B", 1))),
                         ("one_more", titled(("z", 0), ("a", 0), ("A", 0), ("b", 1), ("B", 1))),
                         ("beyond", titled(("a", 0), ("A", 0), ("b", 1), ("B", 1), places=(0, 9))),
                         ("objects", titled(("a", 0), ("A", 0), ("b", 1), ("B", 1), flag=27, kinds=("O8", "f8"))),
                         ("too_few_names", titled(("a", 0), ("A", 0), ("b", 1), ("B", 1), names=("b",)))):
        add("r23_titles_" + name, forged, FORBIDDEN, "state-kind", "numpy.dtype")
    titles = (S("a"), S("B"))
    add("r23_titles_own_name", titled(("a", 0), ("a", 0), ("b", 1), ("B", 1)), FORBIDDEN, "state-kind", "numpy.dtype")
    add("r23_titles_own_name_once", titled(("a", 0), ("b", 1), ("B", 1)), FORBIDDEN, "state-kind", "numpy.dtype")
    titles = (S("b"), S("B"))
    add("r23_titles_name_of_other", titled(("a", 0), ("b", 0), ("b", 1), ("B", 1)), FORBIDDEN, "state-kind", "numpy.dtype")
    titles = (S("B"), S("B"))
    add("r23_titles_twice", titled(("a", 0), ("B", 0), ("b", 1), ("B", 1)), FORBIDDEN, "state-kind", "numpy.dtype")
    titles = (b"K\x07", b"")
    add("r23_titles_number", titled(("a", 0), ("b", 1)), ACCEPT, "accepted")
    titles = (b"I97\n", S("B"))
    add("r23_titles_some", titled(("a", 0), ("b", 1), ("B", 1)), ACCEPT, "accepted")
    titles = (b"]", S("B"))
    add("r23_titles_list", titled(("a", 0), ("b", 1), ("B", 1)), FORBIDDEN, "state-kind", "numpy.dtype")

    def pair_of(base, size, flag, count=b"K\x02", order="|", end=b""):
        return dtype("V%d" % size, b"(K\x03" + S(order) + base + count + b"\x85\x86NNK" + bytes([size]) + b"K\x08K" + bytes([flag]) + b"tb") + end
    pair = pair_of(dtype("O8"), 16, 63)
    add("r15_object_pair", P(4) + pair + b".", ACCEPT, "accepted")
    add("r15_object_pairs", P(4) + pair_of(pair, 48, 63, b"K\x03") + b".", ACCEPT, "accepted")
    field = S("a") + b"\x85}" + S("a") + pair + b"K\x00\x86s"
    add("r15_object_pair_field", P(4) + dtype("V16", b"(K\x03" + S("|") + b"N" + field + b"K\x10K\x01K\x1btb") + b".", ACCEPT, "accepted")
    structs = record(16, 0, field="O8", flag=27)
    add("r15_object_struct_pair", P(4) + pair_of(structs, 32, 27) + b".", ACCEPT, "accepted")
    for name, forged in (("flags", pair_of(dtype("O8"), 16, 27)), ("no_flags", pair_of(dtype("O8"), 16, 0)), ("count", pair_of(dtype("O8"), 16, 63, b"K\x03")),
                         ("size", pair_of(dtype("O8"), 8, 63)), ("struct_flags", pair_of(structs, 32, 63)), ("order", pair_of(dtype("O8"), 16, 63, order="<")),
                         ("and_fields", dtype("V16", b"(K\x03" + S("|") + dtype("O8") + b"K\x02\x85\x86" + field + b"K\x10K\x08K\x3ftb"))):
        add("r15_object_pair_" + name, P(4) + forged + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_object_pair_array", array(b"K\x01\x85", "V16", b"]Na", pair[len(dtype("V16")):]), FORBIDDEN, "state-kind", nd)
    for flag in (3, 27, 55):
        add("r15_dtype_object_flags_%d" % flag, P(4) + dtype("O8", flags % flag) + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    # Names that one 32-bit checksum takes for each other, and a name that is missing.
    for name, named, key in (("checksum", "glbvs", "yacxa"), ("missing", "a", "b")):
        add("r15_names_" + name, P(4) + dtype("V8", b"(K\x03" + S("|") + b"N" + S(named) + b"\x85}" + S(key) + dtype() + b"K\x00\x86sK\x08K\x01K\x10tb")
            + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_number_in_text", struct_of(2, 16, ("a", "f8", 0), kind="U"), FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_void_no_size", P(4) + dtype("V8", b"(K\x03" + S("|") + b"NNNJ\xff\xff\xff\xffK\x01K\x00tb") + b".", FORBIDDEN, "state-kind", "numpy.dtype")
    add("r15_size_grown", P(4) + dtype("V8", b"(K\x03" + S("|") + b"NNNK\x40K\x01K\x00tb") + b".", FORBIDDEN, "state-kind", "numpy.dtype")


def numpy_dtypes():
    """What numpy would believe of a dtype: records sized by their state, dates without a unit."""
    names = "numpy.dtype"

    def record(then=b"", module="numpy", name="record", flags=b"\x89\x88"):
        return SG("numpy", "dtype") + SG(module, name) + flags + b"\x87R" + then

    def sized(size, names=b"N", fields=b"N", flag=0, version=3):
        return b"(K" + bytes([version]) + S("|") + b"N" + names + fields + size + b"K\x01K" + bytes([flag]) + b"tb"
    field = b"}" + S("a") + DTYPE + b"K\x00\x86s"
    fine = sized(b"K\x08", S("a") + b"\x85", field, 16)
    empty = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
    for module in ("numpy", "numpy.rec"):
        add("r15_record_" + module, P(4) + record(fine, module) + b".", ACCEPT, "accepted")
    add("r15_record_array", P(4) + empty + b"(K\x01K\x02\x85" + record(fine) + b"\x89" + B(b"x" * 16) + b"tb.", ACCEPT, "accepted")
    add("r15_record_array_short", P(4) + empty + b"(K\x01K\x02\x85" + record(fine) + b"\x89" + B(b"x" * 15) + b"tb.", FORBIDDEN, "state-kind", "numpy.ndarray")
    add("r15_record_unbuilt_array", P(4) + empty + b"(K\x01K\x02\x85" + record() + b"\x89" + B(b"x" * 16) + b"tb.", FORBIDDEN, "state-kind", "numpy.ndarray")
    add("r15_record_scalar", P(4) + SG("numpy.core.multiarray", "scalar") + record(fine) + B(b"x" * 8) + b"\x86R.", ACCEPT, "accepted")
    add("r15_record_sized_twice", P(4) + record(fine + fine) + b".", FORBIDDEN, "state-last", names)
    add("r15_record_sized_late", P(4) + record(b"q\x00\x85h\x00" + fine) + b"\x86.", FORBIDDEN, "state-kind", names)
    add("r15_record_field_beyond", P(4) + record(sized(b"K\x07", S("a") + b"\x85", field, 16)) + b".", FORBIDDEN, "state-kind", names)
    add("r15_record_giant", P(4) + record(sized(b"J\x01\x00\x00\x40")) + b".", FORBIDDEN, "state-kind", names)
    add("r15_record_negative", P(4) + record(sized(b"J\xff\xff\xff\xff")) + b".", FORBIDDEN, "state-kind", names)
    add("r15_record_aligned", P(4) + record(flags=b"\x88\x88") + b".", FORBIDDEN, "arguments", names)
    add("r15_record_not_copied", P(4) + record(flags=b"\x89\x89") + b".", FORBIDDEN, "arguments", names)
    add("r15_record_other_class", P(4) + record(module="app", name="User") + b".", FORBIDDEN, "arguments", names)
    add("r15_record_not_a_value", P(4) + record(module="numpy.core.records", name="record") + b".", FORBIDDEN, "global", "numpy.core.records.record")
    date = SG("numpy", "dtype") + S("M8") + b"\x89\x88\x87R"

    def dated(unit, version=4):
        return P(4) + date + b"(K" + bytes([version]) + S("<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00" + unit + b"tb."
    unit = b"(" + B(b"ns") + b"K\x01K\x01K\x01t"
    add("r15_date", dated(b"}" + unit + b"\x86"), ACCEPT, "accepted")
    add("r15_date_unbuilt", P(4) + date + b".", ACCEPT, "accepted")
    for name, part in (("without_unit", b""), ("unit_none", b"N"), ("unit_dict", b"}"), ("unit_alone", unit), ("unit_three", b"}" + unit + b"N\x87"),
                       ("metadata_list", b"]" + unit + b"\x86"), ("unit_no_tuple", b"}N\x86"), ("unit_short", b"}" + B(b"ns") + b"K\x01K\x01\x87\x86"),
                       ("unit_text", b"}(NK\x01K\x01K\x01t\x86"), ("unit_zero", b"}(" + B(b"ns") + b"K\x00K\x01K\x01t\x86"),
                       ("unit_large", b"}(" + B(b"ns") + b"K\x01\x8a\x05\x00\x00\x00\x00\x01K\x01t\x86"), ("unit_number", b"}(" + B(b"ns") + b"K\x01K\x01Nt\x86")):
        add("r15_date_" + name, dated(part, 4 if part else 3), FORBIDDEN, "state-kind", names)
    plain = SG("numpy", "dtype") + S("f8") + b"\x89\x88\x87R"
    rest = S("<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00"
    for version in (b"K\x00", b"K\x01", b"K\x02", b"K\x05", b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\xff", b"\x88"):
        add("r15_version_%s" % version.hex(), P(4) + plain + b"(" + version + rest + b"tb.", FORBIDDEN, "state-kind", names)
    add("r15_version_4_short", P(4) + plain + b"(K\x04" + rest + b"tb.", FORBIDDEN, "state-kind", names)
    add("r15_metadata", P(4) + plain + b"(K\x04" + rest + b"}tb.", ACCEPT, "accepted")
    add("r15_metadata_list", P(4) + plain + b"(K\x04" + rest + b"]tb.", FORBIDDEN, "state-kind", names)
    add("r15_not_copied", P(4) + SG("numpy", "dtype") + S("f8") + b"\x89\x89\x87R.", FORBIDDEN, "arguments", names)


def dunders():
    """Keys of states that begin with two underscores: what pydantic, typing and exceptions write, and what would be called."""
    user, hashed = P(4) + SG("app", "User") + b")\x81", P(4) + SG("app", "Hashed") + b")\x81"
    helper = SG("app", "helper")
    inner = S("__dict__") + b"}" + S("a") + b"K\x01s"
    add("c30_pydantic_1", user + b"}(" + inner + S("__fields_set__") + b"\x8f(" + S("a") + b"\x90" + S("__private_attribute_values__") + b"}ub.", ACCEPT, "accepted")
    add("c30_pydantic_2", user + b"}(" + inner + S("__pydantic_extra__") + b"N" + S("__pydantic_fields_set__") + b"\x8f(" + S("a") + b"\x90"
        + S("__pydantic_private__") + b"Nub.", ACCEPT, "accepted")
    add("c30_generic", user + b"}" + S("__orig_class__") + SG("app", "User") + b"sb.", ACCEPT, "accepted")
    alias = SG("_operator", "getitem") + SG("app", "User") + SG("builtins", "int") + b"\x86R"
    add("c30_generic_alias", user + b"}" + S("__orig_class__") + alias + b"sb.", ACCEPT, "accepted")
    add("c30_generic_called", P(4) + alias + b")R.", FORBIDDEN, "callee")
    add("c30_generic_state", P(4) + alias + b"}b.", FORBIDDEN, "right-build", "_operator.getitem")
    for name, of in (("dict", b"}"), ("list", b"]"), ("instance", SG("app", "User") + b")\x81"), ("text", S("abc"))):
        add("c30_getitem_of_" + name, P(4) + SG("_operator", "getitem") + of + b"K\x00\x86R.", FORBIDDEN, "arguments", "_operator.getitem")
    add("c30_notes", P(4) + SG("builtins", "ValueError") + b")R}" + S("__notes__") + b"]sb.", ACCEPT, "accepted")
    for name in ("__getstate__", "__fields__", "__pydantic_validator__", "__pydantic_decorators__", "__hash__", "__init__"):
        add("c30_dunder_" + name.strip("_"), user + b"}" + S(name) + b"Nsb.", FORBIDDEN, "state-key")
    planted = b"}" + S("__setstate__") + helper + b"s"
    add("c30_inner_planted", user + b"}" + S("__dict__") + b"}" + S("__class__") + SG("app", "User") + b"ssb.", FORBIDDEN, "state-key")
    add("c30_inner_append", user + b"}" + S("__dict__") + b"}" + S("append") + helper + b"ssb.", FORBIDDEN, "state-key")
    add("c30_inner_inner", user + b"}" + S("__dict__") + b"}" + S("__dict__") + planted + b"ssb.", FORBIDDEN, "state-key")
    add("c30_inner_later", user + b"}" + S("__dict__") + b"}q\x00sbh\x00" + S("append") + b"Ns\x86.", FORBIDDEN, "state-key")
    add("c30_inner_function_later", user + b"}" + S("__dict__") + b"}q\x00sbh\x00" + S("a") + helper + b"s\x86.", FORBIDDEN, "state-key", "app.helper")
    add("c30_inner_number_key", user + b"}" + S("__dict__") + b"}K\x01Nssb.", FORBIDDEN, "state-key")
    for name, value in (("none", b"N"), ("list", b"]"), ("instance", SG("app", "User") + b")\x81"), ("text", S("x"))):
        add("c30_inner_" + name, user + b"}" + S("__dict__") + value + b"sb.", FORBIDDEN, "state-key")
    # What the class's __hash__ and __eq__ may call.
    add("c55_key_function", hashed + b"}" + S("key") + helper + b"sb.", FORBIDDEN, "state-key")
    add("c55_key_function_slots", hashed + b"N}" + S("key") + helper + b"s\x86b.", FORBIDDEN, "state-key")
    add("c55_key_function_inner", hashed + b"}" + S("__dict__") + b"}" + S("key") + helper + b"ssb.", FORBIDDEN, "state-key")
    add("c55_key_function_8bit", P(2) + G("app", "Hashed") + b")\x81}U\x03key" + G("app", "helper") + b"sb.", FORBIDDEN, "state-key")
    add("c55_key_class", hashed + b"}" + S("key") + SG("app", "User") + b"sb.", ACCEPT, "accepted")
    add("c55_key_type", hashed + b"}" + S("key") + SG("builtins", "str") + b"sb.", ACCEPT, "accepted")
    add("c55_key_member", hashed + b"}" + S("key") + SG("app", "Color.RED") + b"sb.", ACCEPT, "accepted")
    add("c55_key_function_in_list", hashed + b"}" + S("key") + b"]" + helper + b"asb.", FORBIDDEN, "state-key")
    add("c55_no_key_function", user + b"}" + S("key") + helper + b"sb.", ACCEPT, "accepted")
    add("c55_error_function", P(4) + SG("builtins", "ValueError") + b")R}" + S("key") + helper + b"sb.", ACCEPT, "accepted")


def wrapped_and_paired():
    """functools.partial as data; the OrderedDict of Python 2, whose pairs are lists."""
    partial, user = SG("functools", "partial"), SG("app", "User")

    def wrapper(function, state):
        return P(4) + partial + function + b"\x85R" + state + b"b."

    def state(function, positional=b"K\x01\x85", keywords=b"}" + S("a") + b"Ns", attributes=b"N"):
        return b"(" + function + positional + keywords + attributes + b"t"
    add("c07_partial_data", wrapper(user, state(user)), ACCEPT, "accepted")
    add("c07_partial_data_alone", P(4) + partial + user + b"\x85R.", ACCEPT, "accepted")
    add("c07_partial_data_attributes", wrapper(user, state(user, attributes=b"}" + S("note") + b"Ns")), ACCEPT, "accepted")
    add("c07_partial_data_called", P(4) + partial + user + b"\x85R" + state(user) + b"b)R.", FORBIDDEN, "callee")
    add("c07_partial_data_items", P(4) + partial + user + b"\x85R" + b"Na.", FORBIDDEN, "right-items", "functools.partial")
    for name, function in (("reference", SG("app", "helper")), ("shaped", SG("app", "Shaped")), ("only", SG("app", "Makes")), ("modelled", SG("builtins", "list")),
                           ("reconstructor", SG("copyreg", "_reconstructor")), ("text", S("os.system")), ("instance", user + b")\x81")):
        add("c07_partial_data_of_" + name, P(4) + partial + function + b"\x85R.", FORBIDDEN, "arguments", "functools.partial")
        add("c07_partial_data_turns_to_" + name, wrapper(user, state(function)), FORBIDDEN, "state-kind", "functools.partial")
    for name, wrong in (("arguments", state(user, positional=b"]")), ("keywords", state(user, keywords=b"]")), ("keyword_number", state(user, keywords=b"}K\x01Ns")),
                        ("attributes", state(user, attributes=b"]")), ("planted", state(user, attributes=b"}" + S("__setstate__") + b"Ns")), ("short", user + b")N\x87"), ("dict", b"}")):
        add("c07_partial_data_state_" + name, wrapper(user, wrong), FORBIDDEN, "state-kind", "functools.partial")
    add("c07_partial_data_twice", wrapper(user, state(user) + b"b" + state(user)), FORBIDDEN, "state-last", "functools.partial")
    add("c07_partial_data_hidden", wrapper(user, state(user, positional=SG("builtins", "getattr") + b"\x85")), FORBIDDEN, "right-ref", "builtins.getattr")
    # Cython reads these states by number, without a look at their length.
    metric = SG("sklearn.metrics._dist_metrics", "newObj") + SG("app", "User") + b"\x85R"
    tree = SG("sklearn.neighbors._kd_tree", "newObj") + SG("app", "User") + b"\x85R"
    array = SG("numpy.core.numeric", "_frombuffer") + b"(" + B(b"x" * 8) + DTYPE + b"K\x01\x85" + S("C") + b"tR"
    empty = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
    built = empty + b"(K\x01K\x01\x85" + DTYPE + b"\x89" + B(b"x" * 8) + b"tb"
    add("c35_metric", P(4) + metric + b"(G" + b"\0" * 8 + array + built + b"tb.", ACCEPT, "accepted")
    add("c35_tree", P(4) + tree + b"(" + array * 4 + b"K\x01" * 7 + metric + b"Ntb.", ACCEPT, "accepted")
    for name, made, wrong in (("metric_list", metric, b"](K\x01" + array * 2 + b"e"), ("metric_short", metric, b"K\x01" + array + b"\x86"),
                              ("metric_none", metric, b"K\x01N" + array + b"\x87"), ("metric_text", metric, S("x") + array * 2 + b"\x87"),
                              ("metric_unbuilt", metric, b"K\x01" + empty + array + b"\x87"), ("metric_other", metric, b"K\x01" + SG("app", "User") + b")\x81" + array + b"\x87"),
                              ("tree_none", tree, b"N"), ("tree_list", tree, b"]"), ("tree_short", tree, b"(" + array * 4 + b"K\x01" * 7 + metric + b"t"),
                              ("tree_number", tree, b"(" + array * 4 + b"K\x01" * 6 + b"N" + metric + b"Nt"), ("tree_array", tree, b"(N" + array * 3 + b"K\x01" * 7 + metric + b"Nt"),
                              ("tree_metric", tree, b"(" + array * 4 + b"K\x01" * 8 + b"Nt")):
        add("c35_" + name, P(4) + made + wrong + b"b.", FORBIDDEN, "state-kind", "sklearn.metrics._dist_metrics.newObj" if made is metric else "sklearn.neighbors._kd_tree.newObj")
    def grown(classes, outputs, features=b"K\x03"):
        return P(4) + SG("sklearn.tree._tree", "Tree") + features + classes + outputs + b"\x87R."
    add("c35_grown", grown(array, b"K\x01"), ACCEPT, "accepted")
    add("c35_grown_built", grown(built, b"K\x01"), ACCEPT, "accepted")
    for name, wrong in (("more", grown(array, b"K\x02")), ("built_more", grown(built, b"K\x02")), ("huge", grown(array, b"J\xff\xff\xff\x7f")), ("negative", grown(array, b"J\xff\xff\xff\xff")),
                        ("list", grown(b"]", b"K\x00")), ("unbuilt", grown(empty, b"K\x00")), ("text", grown(array, S("x"))), ("features", grown(array, b"K\x01", b"N"))):
        add("c35_grown_" + name, wrong, FORBIDDEN, "arguments", "sklearn.tree._tree.Tree")
    def parts(*pairs):
        return b"}(" + b"".join(S(key) + value for key, value in pairs) + b"u"
    plant, fine = grown(array, b"K\x01")[:-1], parts(("max_depth", b"K\x01"), ("nodes", array), ("values", built))
    add("c35_grown_state", plant + fine + b"b.", ACCEPT, "accepted")
    for name, wrong in (("dtype", parts(("nodes", DTYPE), ("values", array))), ("none", parts(("nodes", array), ("values", b"N"))), ("missing", parts(("nodes", array))),
                        ("unbuilt", parts(("nodes", empty), ("values", array))), ("again", parts(("nodes", array), ("values", array), ("nodes", b"]"))),
                        ("later", fine + S("nodes") + b"Ns"), ("tuple", fine + b"N\x86"), ("empty", b"}"), ("other", parts(("nodes", array), ("values", array)) + b"0" + parts(("nodes", array)))):
        add("c35_grown_state_" + name, plant + wrong + b"b.", FORBIDDEN, "state-kind", "sklearn.tree._tree.Tree")
    add("c35_grown_state_before", P(4) + fine + b"\x940" + plant[2:] + b"h\x00b.", FORBIDDEN, "state-kind", "sklearn.tree._tree.Tree")
    makes = SG("app", "Makes")
    for name in ("User", "Point"):
        add("c35_only_" + name, P(4) + makes + SG("app", name) + b"\x85R.", ACCEPT, "accepted")
    add("c35_only_other", P(4) + makes + SG("app", "Color") + b"\x85R.", FORBIDDEN, "arguments", "app.Makes")
    add("c35_only_new", P(4) + makes + SG("app", "User") + b"\x85\x81.", ACCEPT, "accepted")
    add("c35_only_other_new", P(4) + makes + SG("app", "Color") + b"\x85\x81.", FORBIDDEN, "arguments", "app.Makes")
    add("c35_only_other_obj", P(4) + b"(" + makes + SG("app", "helper") + b"o.", FORBIDDEN, "arguments", "app.Makes")
    ordered = SG("collections", "OrderedDict")

    def paired(keys):
        return P(2) + G("collections", "OrderedDict") + b"](" + b"".join(b"](" + key + b"Ne" for key in keys) + b"e\x85R."
    add("r18_pairs_numbers", paired([b"K\x01", b"G" + b"\0" * 8, b"N", b"\x88", b"\x8a\x09" + b"\1" * 9, b"X\1\0\0\0a"]), ACCEPT, "accepted")
    add("r18_pairs_256", paired([b"K" + bytes([i]) for i in range(256)]), ACCEPT, "accepted")
    add("r18_pairs_257", paired([b"M" + struct.pack("<H", i) for i in range(257)]), FORBIDDEN, "arguments", "collections.OrderedDict")
    add("r18_pairs_text_300", paired([b"X\4\0\0\0%04d" % i for i in range(300)]), ACCEPT, "accepted")
    add("r18_pairs_tuple", paired([b"K\x01\x85"]), FORBIDDEN, "arguments", "collections.OrderedDict")
    add("r18_pairs_list", paired([b"]"]), FORBIDDEN, "arguments", "collections.OrderedDict")
    add("r18_pairs_empty", P(4) + ordered + b"]]a\x85R.", FORBIDDEN, "arguments", "collections.OrderedDict")


def pandas_caches():
    """pandas takes the attribute _cache for a dict without a look."""
    series = P(4) + SG("pandas.core.series", "Series") + b")\x81"
    for name, value, verdict in (("dict", b"}", ACCEPT), ("none", b"N", ACCEPT), ("text", S("x"), FORBIDDEN), ("number", b"K\x01", FORBIDDEN),
                                 ("instance", SG("app", "User") + b")\x81", FORBIDDEN), ("class", SG("app", "User"), FORBIDDEN)):
        rule = "accepted" if verdict == ACCEPT else "state-key"
        add("c30_cache_" + name, series + b"}" + S("_cache") + value + b"sb.", verdict, rule)
        slots = (verdict, rule) if verdict != ACCEPT else (FORBIDDEN, "state-kind", "pandas.core.series.Series")
        add("c30_cache_slots_" + name, series + b"N}" + S("_cache") + value + b"s\x86b.", *slots)
    add("c30_cache_escaped", P(2) + G("pandas.core.series", "Series") + b")\x81}V\\u005fcache\nK\x01sb.", FORBIDDEN, "state-key")
    add("c30_cache_8bit", P(2) + G("pandas.core.series", "Series") + b")\x81}U\x06_cacheK\x01sb.", FORBIDDEN, "state-key")
    add("c30_cache_later", series + b"}q\x00b0h\x00" + S("_cache") + b"K\x01s.", FORBIDDEN, "state-key")
    add("c30_cache_of_others", P(4) + SG("app", "User") + b")\x81}" + S("_cache") + b"]sb.", ACCEPT, "accepted")


def index_dtypes():
    """pandas makes an array of the dtype in an index's dict, which may be one of gigabytes."""
    names = SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index")
    data = S("name") + S("a")

    def dtype(text):
        return SG("numpy", "dtype") + S(text) + b"\x89\x88\x87R"
    for name, value, fine in (("none", b"N", True), ("instance", SG("app", "User") + b")\x81", True), ("numpy", dtype("f8"), True),
                              ("text", S("S2000000000"), False), ("short_text", S("S5"), False), ("list", b"](" + S("a") + S("S2000000000") + b"\x86e", False),
                              ("tuple", S("S2000000000") + b"K\x02\x86", False), ("dict", b"}", False), ("numpy_large", dtype("S70000"), False),
                              ("class", SG("app", "User"), False), ("bytes", B(b"S2000000000"), False)):
        expected = (ACCEPT, "accepted") if fine else (FORBIDDEN, "arguments", "pandas.core.indexes.base._new_Index")
        add("r20_" + name, P(4) + names + b"}(" + data + S("dtype") + value + b"u\x86R.", *expected)
    index = "pandas.core.indexes.base._new_Index"
    add("r20_twice", P(4) + names + b"}(" + S("dtype") + S("S2000000000") + data + S("dtype") + b"Nu\x86R.", FORBIDDEN, "arguments", index)
    add("r20_alone", P(4) + names + b"\x85R.", FORBIDDEN, "arguments", index)
    add("r20_no_dict", P(4) + names + b"]\x86R.", FORBIDDEN, "arguments", index)
    add("r20_escaped", P(2) + G("pandas.core.indexes.base", "_new_Index") + G("pandas.core.indexes.base", "Index") + b"}V\\u0064type\nX\2\0\0\0S9s\x86R.", FORBIDDEN, "arguments", index)
    add("r20_dict_before", P(4) + b"}(" + data + S("dtype") + S("S2000000000") + b"uq\x000" + names + b"h\x00\x86R.", FORBIDDEN, "arguments", index)
    add("r20_empty_before", P(4) + b"}q\x000" + names + b"h\x00\x86R.", ACCEPT, "accepted")
    add("r20_other_dict", P(4) + names + b"}" + data + b"s\x86R}" + S("dtype") + S("S5") + b"s\x86.", ACCEPT, "accepted")


def range_indexes():
    """Another index of a RangeIndex is an array of its numbers; on its own it is three of them."""
    new = SG("pandas.core.indexes.base", "_new_Index")

    def ranged(*numbers, names=("start", "stop", "step")):
        return new + SG("pandas.core.indexes.range", "RangeIndex") + b"}(" + b"".join(S(k) + b"\x8a\x08" + struct.pack("<q", v)
                                                                                      for k, v in zip(names, numbers)) + b"u\x86R"

    def index(data):
        return P(4) + new + SG("pandas.core.indexes.base", "Index") + b"}" + S("data") + data + b"s\x86R."
    add("r22_alone", P(4) + ranged(0, 10 ** 9, 1) + b".", ACCEPT, "accepted")
    add("r22_short", index(ranged(0, 10 ** 6, 1)), ACCEPT, "accepted")
    add("r22_steps", index(ranged(0, 10 ** 9, 10 ** 6)), ACCEPT, "accepted")
    add("r22_backwards_empty", index(ranged(0, 10 ** 9, -1)), ACCEPT, "accepted")
    add("r22_own_class", P(4) + SG("app", "User") + b")\x81}" + S("index") + ranged(0, 10 ** 9, 1) + b"sb.", ACCEPT, "accepted")
    for name, data in (("long", ranged(0, 10 ** 9, 1)), ("negative", ranged(-10 ** 9, 0, 1)), ("backwards", ranged(10 ** 9, 0, -1)),
                       ("most", ranged(-2 ** 63, 2 ** 63 - 1, 1)), ("no_step", ranged(0, 5)),
                       ("no_stop", ranged(0)), ("step_zero", ranged(0, 5, 0))):
        add("r22_" + name, index(data), LIMIT, "heap")
    add("r22_state", P(4) + SG("pandas.core.series", "Series") + b")\x81}" + S("name") + ranged(0, 10 ** 9, 1) + b"sb.", LIMIT, "heap")


def cookies():
    """A SimpleCookie makes text of what it is given, unless it is a Morsel."""
    cookie = P(4) + SG("http.cookies", "SimpleCookie") + b")\x81"
    morsel = SG("http.cookies", "Morsel") + b")\x81"
    add("r21_text", cookie + S("a") + S("b") + b"s.", ACCEPT, "accepted")
    add("r21_morsels", cookie + b"(" + S("a") + morsel + S("b") + morsel + b"u.", ACCEPT, "accepted")
    add("r21_old", P(2) + G("copy_reg", "_reconstructor") + b"(" + G("Cookie", "SimpleCookie") + G("__builtin__", "dict") + b"}tR.", ACCEPT, "accepted")
    for name, value in (("list", b"]"), ("tuple", b")\x85"), ("dict", b"}"), ("instance", SG("app", "User") + b")\x81"), ("none", b"N"), ("number", b"K\x01"),
                        ("type", SG("builtins", "type") + b"N\x85R"), ("cookie", b"\x8c\x0chttp.cookies\x8c\x0cSimpleCookie\x93)\x81")):
        add("r21_of_" + name, cookie + S("a") + value + b"s.", FORBIDDEN, "arguments", "http.cookies.SimpleCookie")
        add("r21_second_" + name, cookie + b"(" + S("a") + morsel + S("b") + value + b"u.", FORBIDDEN, "arguments", "http.cookies.SimpleCookie")


def wrapped():
    """UserList and its kin walk what their state holds: over a defaultdict that has no end."""
    endless = SG("collections", "defaultdict") + SG("builtins", "list") + b"\x85R"
    good = {"UserList": b"](K\x01K\x02e", "UserDict": b"}" + S("a") + b"K\x01s", "UserString": S("text")}
    others = {"instance": endless, "none": b"N", "tuple": b")", "set": b"\x8f", "number": b"K\x05", "bytes": B(b"x")}

    def made(name):
        return P(4) + SG("collections", name) + b")\x81"

    def state(name, label, data):
        add("r19_%s_%s" % (name, label), data, FORBIDDEN, "state-kind", "collections." + name)
    for name, data in good.items():
        add("r19_%s" % name, made(name) + b"}" + S("data") + data + b"sb.", ACCEPT, "accepted")
        add("r19_%s_attributes" % name, made(name) + b"}(" + S("data") + data + S("more") + made(name)[2:] + b"}" + S("data") + data + b"sbub.", ACCEPT, "accepted")
        add("r19_%s_old" % name, P(2) + G("copy_reg", "_reconstructor") + b"(" + G("User" + name[4:], name) + G("__builtin__", "object") + b"NtR}" + b"X\4\0\0\0data"
            + (b"X\4\0\0\0text" if name == "UserString" else b"]" if name == "UserList" else b"}") + b"sb.", ACCEPT, "accepted")
        for other, value in list(others.items()) + [(n, v) for n, v in good.items() if n != name]:
            state(name, "of_" + other, made(name) + b"}" + S("data") + value + b"sb.")
        state(name, "absent", made(name) + b"}b.")
        state(name, "other_key", made(name) + b"}" + S("maps") + data + b"sb.")
        state(name, "none", made(name) + b"Nb.")
        state(name, "slots", made(name) + b"N}" + S("data") + data + b"s\x86b.")
        state(name, "twice", made(name) + b"}(" + S("data") + endless + S("data") + data + b"ub.")
        # With encoding=bytes the second key is another one.
        state(name, "twice_8bit", made(name) + b"}(" + S("data") + endless + b"U\x04data" + data + b"ub.")
        state(name, "escaped", made(name) + b"}(" + S("data") + data + b"V\\u0064ata\n" + endless + b"ub.")
        state(name, "seen_before", P(4) + b"}" + S("data") + data + b"sq\x000" + made(name)[2:] + b"h\x00b.")
        add("r19_%s_arguments" % name, P(4) + SG("collections", name) + endless + b"\x85R.", FORBIDDEN, "arguments", "collections." + name)
        add("r19_%s_new_arguments" % name, P(4) + SG("collections", name) + endless + b"\x85\x81.", FORBIDDEN, "arguments", "collections." + name)
        add("r19_%s_empty" % name, P(4) + SG("collections", name) + b")R.", ACCEPT, "accepted")
    add("r19_UserString_new_text", P(4) + SG("collections", "UserString") + S("text") + b"\x85\x81}" + S("data") + S("text") + b"sb.", ACCEPT, "accepted")
    add("r19_UserString_new_two", P(4) + SG("collections", "UserString") + S("text") + S("text") + b"\x86\x81.", FORBIDDEN, "arguments", "collections.UserString")
    chain = made("ChainMap") + b"}" + S("maps")
    add("r19_ChainMap", chain + b"](}" + S("a") + b"K\x01s}esb.", ACCEPT, "accepted")
    add("r19_ChainMap_one", chain + b"]}asb.", ACCEPT, "accepted")
    add("r19_ChainMap_shared", chain + b"](}q\x00h\x00esb.", ACCEPT, "accepted")
    add("r19_ChainMap_list_opcode", chain + b"(}}lsb.", ACCEPT, "accepted")
    add("r19_ChainMap_cycle", chain[:-len(b"}" + S("maps"))] + b"q\x00}" + S("maps") + b"]}" + S("self") + b"h\x00sasb.", ACCEPT, "accepted")
    add("r19_ChainMap_most", chain + b"](}q\x00" + b"h\x00" * 255 + b"esb.", ACCEPT, "accepted")
    state("ChainMap", "more", chain + b"](}q\x00" + b"h\x00" * 256 + b"esb.")
    for other, value in list(others.items()) + [("dict", b"}"), ("text", S("x")), ("list_of_list", b"]]a"), ("list_of_instance", b"]" + endless + b"a"),
                                                ("list_of_chain", b"]" + made("ChainMap")[2:] + b"a"), ("dict_and_instance", b"](}" + endless + b"e"),
                                                ("list_of_text", b"]" + S("x") + b"a")]:
        state("ChainMap", "of_" + other, chain + value + b"sb.")
    state("ChainMap", "absent", made("ChainMap") + b"}b.")
    state("ChainMap", "data", made("ChainMap") + b"}" + S("data") + b"]}asb.")
    state("ChainMap", "twice", made("ChainMap") + b"}(" + S("maps") + b"]" + endless + b"a" + S("maps") + b"]}aub.")
    state("ChainMap", "list_before", P(4) + b"]}aq\x000" + chain[2:] + b"h\x00sb.")
    add("r19_ChainMap_extended_later", chain + b"]}aq\x00sbq\x010h\x00(}}e0h\x01.", FORBIDDEN, "state-kind")
    state("ChainMap", "grown_before", chain + b"]q\x00}as0h\x00" + endless + b"a0" + made("ChainMap")[2:] + b"}" + S("maps") + b"h\x00sb.")
    for name, item in (("instance", endless + b"a"), ("dict", b"}a"), ("dicts", b"(}}e")):
        add("r19_ChainMap_late_" + name, chain + b"]q\x00}asb0h\x00" + item + b".", FORBIDDEN, "state-kind")


def wide():
    """Ranges and networks where a library walks them, and where they are just values."""
    def ranged(*numbers):
        return SG("builtins", "range") + b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", n) for n in numbers) + b"tR"
    giant = ranged(10 ** 12)
    index = SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index")
    series = SG("pandas.core.series", "Series") + b")\x81"
    error = SG("builtins", "ValueError")

    def fine(name, data):
        add("r18_" + name, P(4) + data + b".", ACCEPT, "accepted")

    def limit(name, data):
        add("r18_" + name, P(4) + data + b".", LIMIT, "heap")
    fine("value", giant)
    fine("in_containers", b"]" + giant + b"\x85a")
    fine("in_dict", b"}" + S("a") + giant + b"s")
    fine("in_own_class", SG("app", "User") + b")\x81}" + S("pages") + giant + b"sb")
    fine("small_in_index", index + b"}" + S("data") + ranged(1000) + b"s\x86R")
    fine("empty_in_index", index + b"}" + S("data") + ranged(10 ** 12, 0) + b"s\x86R")
    fine("backwards_empty", index + b"}" + S("data") + ranged(0, 10 ** 12, -1) + b"s\x86R")
    fine("steps_in_index", index + b"}" + S("data") + ranged(0, 10 ** 12, 10 ** 10) + b"s\x86R")
    fine("network", SG("ipaddress", "IPv4Network") + S("10.0.0.0/8") + b"\x85R")
    fine("network_in_own_class", SG("app", "User") + b")\x81}" + S("net") + SG("ipaddress", "IPv4Network") + S("10.0.0.0/8") + b"\x85Rsb")
    fine("in_object_array", SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R(K\x01K\x01\x85"
         + OBJECTS + b"\x89]" + giant + b"atb")
    for name, numbers in (("stop", (10 ** 12,)), ("start", (-10 ** 12, 0)), ("step", (0, 10 ** 12, 10)), ("backwards", (10 ** 12, 0, -1)),
                          ("most", (-2 ** 63, 2 ** 63 - 1))):
        limit("index_" + name, index + b"}" + S("data") + ranged(*numbers) + b"s\x86R")
    limit("index_long", index + b"}" + S("data") + SG("builtins", "range") + b"\x8a\x09" + b"\0" * 8 + b"\x01\x85Rs\x86R")
    limit("index_nested", index + b"}" + S("codes") + b"]" + giant + b"\x85as\x86R")
    limit("index_tenfold", index + b"}" + S("codes") + b"](" + ranged(300000) + b"q\x00" + b"h\x00" * 9 + b"es\x86R")
    limit("index_network", index + b"}" + S("data") + SG("ipaddress", "IPv6Network") + S("::/0") + b"\x85Rs\x86R")
    limit("index_late", b"]q\x000" + index + b"}" + S("codes") + b"h\x00s\x86R0h\x00" + giant + b"a")
    limit("state", series + b"}" + S("name") + giant + b"sb")
    add("r18_slots", P(4) + series + b"N}" + S("name") + giant + b"s\x86b.", FORBIDDEN, "state-kind", "pandas.core.series.Series")
    limit("exception", error + giant + b"\x85R")
    limit("exception_state", error + b")R}" + S("args") + giant + b"sb")
    limit("own_exception_state", SG("app", "User") + b")\x81}" + S("args") + giant + b"sb")
    # An exception walks its args, and walking a ChainMap runs what its own state holds: towers of them take 2 ** height.
    chain = SG("collections", "ChainMap") + b")\x81"
    add("r18_args_chain", P(4) + error + b")R}" + S("args") + chain + b"sb.", FORBIDDEN, "state-key")
    add("r18_args_chain_slots", P(4) + error + b")RN}" + S("args") + chain + b"s\x86b.", FORBIDDEN, "state-key")
    add("r18_args_chain_old", P(2) + G("exceptions", "ValueError") + b")R}" + S("args") + SG("collections", "ChainMap") + b")\x81" + b"sb.", FORBIDDEN, "state-key")
    # A UUID writes what is_safe is into an error, shared parts again and again.
    uuid = SG("uuid", "UUID") + b")\x81}(" + S("int") + b"K\x05" + S("is_safe")
    for name, value in (("list", b"]"), ("tuple", b")\x85"), ("exception", error + b"]\x85R"), ("set", b"\x8f")):
        add("r18_uuid_" + name, P(4) + uuid + value + b"ub.", FORBIDDEN, "state-key")
    fine("uuid_number", uuid + b"K\x00ub")
    fine("uuid_class", uuid + SG("uuid", "SafeUUID") + b"N\x85Rub")
    fine("uuid_key_in_data", b"}" + S("is_safe") + b"]s")
    estimator = SG("sklearn.dummy", "DummyClassifier") + b")\x81}" + S("_sklearn_version")
    add("r18_version_list", P(4) + estimator + b"]sb.", FORBIDDEN, "state-key")
    fine("version", estimator + S("1.2.1") + b"sb")
    fine("args_tuple", error + b")R}" + S("args") + b"K\x01\x85sb")
    fine("args_of_own_class", SG("app", "User") + b")\x81}" + S("args") + SG("app", "User") + b")\x81sb")
    fine("args_in_data", b"}" + S("args") + chain + b"s")
    add("r18_step_zero", P(4) + ranged(1, 2, 0) + b".", FORBIDDEN, "arguments", "builtins.range")
    for i, text in enumerate(("10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/255.0.0.0", "10.0.0.0/-1")):
        add("r18_network_%d" % i, call("ipaddress", "IPv4Network", S(text)), FORBIDDEN, "arguments", "ipaddress.IPv4Network")
    add("r18_network_tuple", call("ipaddress", "IPv4Network", b"K\x01K\x02\x86"), FORBIDDEN, "arguments", "ipaddress.IPv4Network")
    nothing = SG("numpy", "dtype") + S("S0") + b"\x89\x88\x87R"
    empty = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
    limit("empty_strings", empty + b"(K\x01J\xff\xff\xff\x7f\x85" + nothing + b"\x89" + B(b"") + b"tb")


def array_streams():
    """joblib's streams: judged with joblib_arrays, in a folder of their own."""
    wrapper = SG("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
    stream = "joblib.numpy_pickle.NumpyArrayWrapper"

    def item(key, value):
        return S(key) + value
    shape, order, kind = item("shape", b"K\x02\x85"), item("order", S("C")), item("dtype", DTYPE)
    mapped, aligned, subclass = item("allow_mmap", b"\x88"), item("numpy_array_alignment_bytes", b"K\x10"), item("subclass", SG("numpy", "ndarray"))
    complete = subclass + shape + order + kind + mapped

    def state(items):
        return b"}(" + items + b"ub"
    data = b"\x02\xff\xff" + b"." * 16

    def case(name, body, verdict=ACCEPT, rule="accepted", glob="-", proto=4):
        add("j_" + name, P(proto) + body, verdict, rule, glob, ARRAY_STREAMS)

    def refused_stream(name, body):
        case(name, body, FORBIDDEN, "array-stream", stream)
    fine = wrapper + state(complete + aligned)
    case("fine", fine + data + b".")
    case("without_alignment", wrapper + state(complete) + b"." * 16 + b".")
    case("alignment_none", wrapper + state(complete + item("numpy_array_alignment_bytes", b"N")) + b"." * 16 + b".")
    case("no_pad", fine + b"\x00" + b"." * 16 + b".")
    case("two", b"](" + fine + data + fine + data + b"e.")
    case("framed", frame(fine) + data + b".")
    case("frame_after", frame(fine) + data + frame(b"\x85."))
    case("no_dimension", wrapper + state(subclass + item("shape", b")") + order + kind + mapped) + b"." * 8 + b".")
    case("empty", wrapper + state(subclass + item("shape", b"K\x00K\x05\x86") + order + kind + mapped) + b".")
    case("memmap", wrapper + state(item("subclass", SG("numpy", "memmap")) + shape + item("order", S("F")) + kind + mapped) + b"." * 16 + b".")
    case("plain", b"]K\x01a.")
    case("item_by_item", wrapper + b"}" + b"".join(part + b"s" for part in (subclass, shape, order, kind, mapped)) + b"b" + b"." * 16 + b".")
    case("wrapper_in_memo", b"](" + SG("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81q\x00" + state(complete) + b"." * 16 + b"h\x00e.")
    case("hidden_behind", fine + data + SG("os", "system") + S("id") + b"\x85R.", FORBIDDEN, "global", "os.system")
    case("hidden_in_data", fine + b"\x00" + (P(2) + G("os", "system") + b"q").ljust(16, b"q") + b".")
    case("data_short", fine + data[:-1], TRUNCATED, "end-in-argument")
    case("pad_short", fine + b"\x10\xff", TRUNCATED, "end-in-argument")
    case("pad_missing", fine, TRUNCATED, "end-in-argument")
    empty = wrapper + state(subclass + item("shape", b"K\x00\x85") + order + kind + mapped + aligned)
    case("empty_pad", empty + b"\x02\xff\xff.")
    case("empty_pad_short", empty + b"\x10.", TRUNCATED, "end-in-argument")
    case("empty_pad_missing", empty, TRUNCATED, "end-in-argument")
    case("nothing_behind", fine + data, TRUNCATED, "end-at-opcode")
    case("trailing", fine + data + b".N", MALFORMED, "trailing-bytes")
    case("frame_goes_on", frame(fine + b"N0") + data + b".", MALFORMED, "frame-straddled")
    case("shape_overflow", wrapper + state(subclass + item("shape", b"\x8a\x08" + b"\0" * 7 + b"\x20K\x10\x86") + order + kind + mapped) + b".",
         FORBIDDEN, "array-stream", stream)
    case("shape_huge", wrapper + state(subclass + item("shape", b"\x8a\x08" + b"\0" * 6 + b"\x01\0\x85") + order + kind + mapped) + b"." * 16 + b".",
         TRUNCATED, "end-in-argument")
    refused_stream("shape_sign", wrapper + state(subclass + item("shape", b"\x8a\x08" + b"\0" * 7 + b"\x40K\x02\x86") + order
                                                 + item("dtype", SG("numpy", "dtype") + S("u1") + b"\x89\x88\x87R") + mapped) + b".")
    case("objects_deep", wrapper + state(subclass + item("shape", b"K\x01\x85") + order + item("dtype", OBJECTS) + mapped) + P(4)
         + SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R(K\x01K\x01\x85" + OBJECTS + b"\x89]"
         + b"]" * 998 + b"a" * 998 + b"tb..", LIMIT, "nesting-max")
    for name, items in (("no_subclass", shape + order + kind + mapped), ("no_shape", subclass + order + kind + mapped), ("no_order", subclass + shape + kind + mapped),
                        ("no_dtype", subclass + shape + order + mapped), ("no_mapping", subclass + shape + order + kind), ("nothing", b""),
                        ("key_more", complete + item("read", b"N")), ("key_twice", complete + order), ("order_other", subclass + shape + item("order", S("A")) + kind + mapped),
                        ("order_number", subclass + shape + item("order", b"K\x01") + kind + mapped), ("shape_list", subclass + item("shape", b"](K\x02e") + order + kind + mapped),
                        ("shape_negative", subclass + item("shape", b"J\xff\xff\xff\xff\x85") + order + kind + mapped),
                        ("dtype_text", subclass + shape + order + item("dtype", S("f8")) + mapped), ("mapping_number", subclass + shape + order + kind + item("allow_mmap", b"K\x01")),
                        ("alignment_text", complete + item("numpy_array_alignment_bytes", S("x"))), ("subclass_text", item("subclass", S("x")) + shape + order + kind + mapped),
                        ("subclass_function", item("subclass", SG("_codecs", "encode")) + shape + order + kind + mapped),
                        ("item_of_nothing", subclass + shape + order + item("dtype", SG("numpy", "dtype") + S("S0") + b"\x89\x88\x87R") + mapped)):
        if name != "subclass_function":
            refused_stream(name, wrapper + state(items) + data + b".")
    case("subclass_function", wrapper + state(item("subclass", SG("_codecs", "encode")) + shape + order + kind + mapped) + data + b".", FORBIDDEN, "right-ref", "_codecs.encode")
    refused_stream("subclass_modelled", wrapper + state(item("subclass", SG("builtins", "bytes")) + shape + order + kind + mapped) + data + b".")
    refused_stream("state_none", wrapper + b"Nb" + data + b".")
    refused_stream("state_slots", wrapper + b"N}(" + complete + b"u\x86b" + data + b".")
    refused_stream("state_of_another", b"}(" + complete + b"u0" + wrapper + b"}b" + data + b".")
    refused_stream("state_before_another", wrapper + b"}(" + complete + b"u}" + order + b"s0b" + data + b".")
    case("state_twice", fine + data + b"}b.", FORBIDDEN, "state-last", "numpy.ndarray")
    case("items_later", fine + data + b"Na.", FORBIDDEN, "right-items", "numpy.ndarray")
    case("called", SG("joblib.numpy_pickle", "NumpyArrayWrapper") + b")R.", FORBIDDEN, "right-call", stream)
    case("arguments", SG("joblib.numpy_pickle", "NumpyArrayWrapper") + b"N\x85\x81.", FORBIDDEN, "arguments", stream)
    add("j_bz2", b"BZ\x00\x00\x00" + b"x" * 90 + b".", FORBIDDEN, "array-stream", "-", ARRAY_STREAMS)
    # Arrays of objects: a pickle inside, with its own protocol, stack and memo.
    objects = wrapper + state(subclass + item("shape", b"K\x01\x85") + order + item("dtype", OBJECTS) + mapped)
    array = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R"
    cells = b"(K\x01K\x01\x85" + OBJECTS + b"\x89]NatbE"[:-1]
    inner = P(4) + array + cells + b"."
    case("objects", objects + inner + b".")
    case("objects_framed", frame(objects) + P(4) + frame(array + cells + b".") + b".")
    case("objects_old", objects + P(2) + array.replace(SG("numpy.core.multiarray", "_reconstruct"), G("numpy.core.multiarray", "_reconstruct")) + cells + b"..")
    case("objects_then_more", b"](" + objects + inner + objects + inner + fine + data + b"e.")
    case("objects_protocol_again", objects + P(2) + P(4) + array + cells + b"..", MALFORMED, "protocol-late")
    case("objects_global", objects + P(4) + SG("os", "system") + b"..", FORBIDDEN, "global", "os.system")
    case("objects_rename", objects + P(2) + G("commands", "getoutput") + b"..", FORBIDDEN, "global", "subprocess.getoutput")
    case("objects_rename_after", objects + P(2) + array + cells + b"." + G("commands", "getoutput") + b".", FORBIDDEN, "global", "commands.getoutput")
    case("objects_outer_memo", b"K\x01q\x000" + objects + P(4) + b"h\x00..", MALFORMED, "memo-miss")
    case("objects_inner_memo", objects + P(4) + b"K\x01q\x000" + array + cells + b".h\x00.", MALFORMED, "memo-miss")
    case("objects_outer_stack", b"K\x01" + objects + P(4) + b"0..", MALFORMED, "stack-underflow")
    case("objects_outer_mark", b"(" + objects + P(4) + array + cells + b"1..", MALFORMED, "mark-missing")
    case("objects_leftovers", objects + P(4) + b"N" + array + cells + b"..", MALFORMED, "stack-leftovers")
    case("objects_number", objects + P(4) + b"K\x01..", FORBIDDEN, "array-stream")
    case("objects_other_class", objects + P(4) + SG("app", "User") + b")\x81..", FORBIDDEN, "array-stream")
    case("objects_unbuilt", objects + P(4) + array + b"..", FORBIDDEN, "array-stream")
    refused_stream("objects_wrapper_inside", objects + P(4) + fine + data + b"..")
    case("objects_frame_beyond", objects + P(4) + frame(array + cells + b".N") + b".", MALFORMED, "frame-straddled")
    case("objects_no_end", objects + P(4) + array + cells, TRUNCATED, "end-at-opcode")
    case("objects_no_outer_end", objects + inner, TRUNCATED, "end-at-opcode")


def results():
    """SQLAlchemy's rows, and the metadata that they share: what computes with its state while it loads."""
    metadata, row = "sqlalchemy.engine.result.SimpleResultMetaData", "sqlalchemy.engine._row_cy.rowproxy_reconstructor"
    empty = SG("sqlalchemy.engine.result", "SimpleResultMetaData") + b")\x81"
    keymap = SG("sqlalchemy.engine.cursor", "CursorResultMetaData") + b")\x81}(" + S("_keymap")
    keys, indexes, ambiguous = b"}(" + S("_keys"), S("_translated_indexes"), S("_ambiguous_keys")
    giant = SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85R"
    listed = b"](" + S("a") + S("b") + b"e"
    label = SG("sqlalchemy.sql.elements", "quoted_name") + S("a") + b"N\x86R"
    built = empty + keys + listed + indexes + b"Nub"
    for name, state in (("names", keys + listed + indexes + b"Nu"), ("labels", keys + b"](" + label + label + b"eu"),
                        ("indexes", keys + listed + indexes + b"](K\0K\1eu"), ("index_tuple", keys + listed + indexes + b"K\0K\1\x86u"),
                        ("ambiguous", keys + listed + ambiguous + b"(" + S("a") + b"\x91u")):
        add("r22_state_" + name, P(4) + empty + state + b"b.", ACCEPT, "accepted")
    add("r22_state_map", P(4) + keymap + b"}" + label + b"K\0N\x86su" + b"b.", ACCEPT, "accepted")
    for name, state in (("range", keys + giant + b"u"), ("ranges", keys + b"](" + giant + b"eu"), ("tuple", keys + S("a") + b"\x85u"),
                        ("tuples", keys + b"](" + S("a") + b")eu"), ("twice", keys + listed + S("_keys") + listed + b"u"),
                        ("more", keys + listed + S("a") + b"Nu"), ("late", keys + b"](" + S("a") + b"e\x94uh\x00)a0"), ("no_dict", b")"),
                        ("index_text", keys + listed + indexes + listed + b"u"), ("index_range", keys + listed + indexes + giant + b"u"),
                        ("index_instance", keys + listed + indexes + empty + b"\x85u"), ("ambiguous_list", keys + listed + ambiguous + b"]u"),
                        ("of_a_row", keys + listed + S("_data") + b")u"), ("special_name", keys + b"](" + S("__array_interface__") + b"eu")):
        add("r22_state_" + name, P(4) + empty + state + b"b.", FORBIDDEN, "state-kind", metadata)
    add("r22_state_before", P(4) + b"])a\x940" + empty + keys + b"h\x00ub.", FORBIDDEN, "state-kind", metadata)
    cursor = "sqlalchemy.engine.cursor.CursorResultMetaData"
    for name, value in (("instance", empty), ("range", giant)):
        add("r22_map_" + name, P(4) + keymap + b"}" + S("a") + value + b"sub.", FORBIDDEN, "state-kind", cursor)
        add("r22_map_label_" + name, P(4) + keymap + b"}" + label + value + b"sub.", FORBIDDEN, "state-kind", cursor)
    add("r22_map_special_name", P(4) + keymap + b"}" + S("__array__") + b"K\0N\x86sub.", FORBIDDEN, "state-kind", cursor)
    add("r22_label_special_name", P(4) + SG("sqlalchemy.sql.elements", "quoted_name") + S("__array__") + b"N\x86R.", FORBIDDEN, "arguments",
        "sqlalchemy.sql.elements.quoted_name")
    add("r22_map_no_dict", P(4) + keymap + b"]ub.", FORBIDDEN, "state-kind", cursor)
    make, kind, parent, data = SG("sqlalchemy.engine._row_cy", "rowproxy_reconstructor"), SG("sqlalchemy.engine.row", "Row"), S("_parent"), S("_data")
    add("r22_row", P(4) + make + kind + b"}(" + parent + built + data + b"K\1K\2\x86u\x86R.", ACCEPT, "accepted")
    for name, state in (("orphan", data + b")"), ("of_none", parent + b"N" + data + b")"), ("of_a_name", parent + label + data + b")"),
                        ("list", parent + built + data + b"]"), ("more", parent + built + data + b")" + S("a") + b"N"),
                        ("twice", parent + built + parent + b"N" + data + b")")):
        add("r22_row_" + name, P(4) + make + kind + b"}(" + state + b"u\x86R.", FORBIDDEN, "arguments", row)
    add("r22_row_class", P(4) + make + SG("app", "User") + b"}(" + parent + built + data + b")u\x86R.", FORBIDDEN, "arguments", row)
    add("r22_row_three", P(4) + make + kind + b"}(" + parent + built + data + b")uN\x87R.", FORBIDDEN, "arguments", row)
    many = b"".join(b"h\x01)\x81h\x00b" for _ in range(2000))
    add("r22_many", P(4) + SG("sqlalchemy.engine.result", "SimpleResultMetaData") + b"0" + keys + b"](" + S("a") * 1000 + b"eu\x940"
        + SG("sqlalchemy.engine.result", "SimpleResultMetaData") + b"\x940](" + many + b"e.", LIMIT, "heap")


def long_integers():
    """Integers of kilobytes take little of the stream again and again, and time with the square of their length when they are divided or
    written in decimal, as a Decimal does that is compared with one."""
    def long(size):
        return b"\x8b" + struct.pack("<i", size) + b"\x01" * size
    kept = P(4) + long(8192) + b"q\x000" + SG("fractions", "Fraction") + b"q\x010" + SG("builtins", "range") + b"q\x020"
    for name, one in (("fraction", b"h\x01h\x00h\x00\x86R"), ("range", b"h\x02K\x00h\x00h\x00\x87R"), ("fraction_new", b"h\x01h\x00h\x00\x86\x81")):
        glob = (LIMIT, "key-cost-total") if name != "fraction_new" else (FORBIDDEN, "arguments", "fractions.Fraction")
        add("r23_" + name, kept + b"](" + one * 40 + b"e.", *glob)
    add("r23_fraction_few", kept + b"](" + b"h\x01h\x00h\x00\x86R" * 3 + b"e.", ACCEPT, "accepted")
    decimal = SG("decimal", "Decimal") + S("12345") + b"\x85R"
    for name, keys, fine in (("decimal_first", decimal + b"h\x00" * 40, False), ("long_first", b"h\x00" + (decimal + b"q\x030") * 0 + decimal + b"q\x03" + b"h\x03" * 40, False),
                             ("long_few", decimal + b"h\x00", True), ("long_alone", b"h\x00" * 40, True)):
        add("r23_keys_" + name, kept + b"\x8f(" + keys + b"\x90.", *((ACCEPT, "accepted") if fine else (LIMIT, "key-cost-total")))
    many = b"(" + b"h\x00" * 30 + b"t"
    ident = SG("app", "Hashed") + b")\x81}" + S("int") + b"h\x00sb"
    for name, key in (("tuple", many), ("instance", ident + b"q\x030(" + b"h\x03" * 30 + b"t")):
        add("r23_hash_" + name, kept + key + b"q\x040\x8f(" + b"h\x04" * 1400 + b"\x90.", LIMIT, "key-cost-total")
    add("r23_hash_list", kept + SG("builtins", "set") + b"q\x030](" + b"h\x00" * 100 + b"eq\x040](" + b"h\x03h\x04\x85R" * 400 + b"e.", LIMIT, "key-cost-total")


def brackets():
    """What stands in the brackets of a generic class goes to the class's own method, which may evaluate text."""
    get = SG("_operator", "getitem") + SG("app", "User")
    for name, inside in (("text", S("__import__('os')")), ("texts", S("a") + b"\x85"), ("bytes", B(b"a")), ("number", b"K\x01"), ("list", b"](" + S("a") + b"e"),
                         ("instance", SG("app", "User") + b")\x81"), ("nested", S("a") + b"\x85\x85")):
        add("r24_" + name, P(4) + get + inside + b"\x86R.", FORBIDDEN, "arguments", "_operator.getitem")
    one = get + SG("builtins", "int") + b"\x86R"
    for name, inside in (("class", SG("builtins", "int")), ("none", b"N"), ("classes", SG("builtins", "int") + SG("builtins", "str") + b"\x86"), ("generic", one),
                         ("generics", one + b"N\x86"), ("dots", SG("builtins", "int") + SG("builtins", "Ellipsis") + b"\x86"), ("empty", b")")):
        add("r24_" + name, P(4) + get + inside + b"\x86R.", ACCEPT, "accepted")
    literal = SG("_operator", "getitem") + SG("typing", "Literal")
    for name, inside in (("text", S("red")), ("texts", S("red") + b"K\x01\x86"), ("number", b"K\x01"), ("class", SG("builtins", "int"))):
        add("r24_literal_" + name, P(4) + literal + inside + b"\x86R.", ACCEPT, "accepted")
    for name, inside in (("list", b"]"), ("lists", S("red") + b"]\x86"), ("instance", SG("app", "User") + b")\x81")):
        add("r24_literal_" + name, P(4) + literal + inside + b"\x86R.", FORBIDDEN, "arguments", "_operator.getitem")
    alias = SG("types", "GenericAlias") + SG("builtins", "list") + SG("builtins", "int") + b"\x85\x86R"
    add("r24_alias", P(4) + get + alias + b"\x86R.", ACCEPT, "accepted")
    add("r24_type_of_none", P(4) + get + SG("builtins", "type") + b"N\x85R\x86R.", ACCEPT, "accepted")
    add("r24_of_instance", P(4) + SG("_operator", "getitem") + one + SG("builtins", "int") + b"\x86R.", FORBIDDEN, "arguments", "_operator.getitem")
    add("r24_one", P(4) + get + b"\x85R.", FORBIDDEN, "arguments", "_operator.getitem")


def array_protocols():
    """Names that numpy believes as attributes, beside what may answer attributes from its data."""
    array, user, bunch = SG("numpy", "ndarray") + b"0", SG("app", "User") + b"0", SG("sklearn.utils._bunch", "Bunch") + b"0"
    pandas = SG("pandas.core.series", "Series") + b"0"
    name = S("__array_interface__")
    wide = "".join(c + "\0\0\0" for c in "__array_struct__")
    for label, data, found in (("numpy", array + name, False), ("user", user + name, False), ("numpy_user", array + user + name, True), ("user_numpy", user + array + name, True),
                               ("bunch", bunch + name, True), ("bunch_text", bunch + S("__array"), False), ("pandas", pandas + name, True),
                               ("pandas_struct", pandas + S("an __array_struct__ within"), True), ("arrow", pandas + S("__arrow_c_stream__"), True),
                               ("frame", pandas + S("__dataframe__"), True), ("wide", pandas + B(wide.encode()), True), ("wide_big", pandas + B(b"\0\0\0" + wide.encode()[:-3]), True),
                               ("wide_frame", pandas + B("".join(c + "\0\0\0" for c in "__dataframe__").encode()), True), ("plain_words", pandas + S("_array __arr _ __ __array"), False),
                               ("bytes", pandas + B(b"__array__"), True), ("python", array + SG("uuid", "UUID") + b"0" + name, False)):
        add("r25_" + label, P(4) + data + b".", *((FORBIDDEN, "array-protocol") if found else (ACCEPT, "accepted")))
    old = P(0)[:0] + G("pandas.core.series", "Series") + b"0"
    for label, text, found in (("underscore", b"V\\u005f_array__\n", True), ("letter", b"V__\\u0061rray__\n", True), ("long", b"V__arr\\U00000061y_x\n", True), ("plain", b"V__array_x\n", True),
                               ("8bit", b"S'__\\x61rray__'\n", True), ("8bit_wide", b"S'" + b"".join(b"%c\\x00\\x00\\x00" % c for c in b"__array__") + b"'\n", True),
                               ("wide", b"V" + b"".join(b"%c\\u0000\\u0000\\u0000" % c for c in b"__array__") + b"\n", True),
                               ("other", b"V\\u0061\\u0062\\u005c_array_\n", False), ("twice", b"V__arra\\\\u0079_\n", False)):
        add("r25_escaped_" + label, old + text + b".", *((FORBIDDEN, "array-protocol") if found else (ACCEPT, "accepted")))


def walked():
    """Shared lists of lists, of which numpy and pandas would make an array with all their copies."""
    series = SG("pandas.core.series", "Series") + b")\x81"
    lists, tuples = b"(" * 26 + b"K\x01" + b"2l" * 26, b"K\x01" + b"2\x86" * 26

    def state(value):
        return P(4) + series + b"}" + S("a") + value + b"sb."
    deque = SG("collections", "deque")
    queues = deque + b"q\x000" + b"(" * 26 + b"K\x01" + b"2lq\x010h\x00h\x01\x85R" * 26
    for name, value in (("lists", lists), ("tuples", tuples), ("in_dict", b"}" + S("b") + lists + b"s"), ("in_tuple", lists + b"N\x86"), ("queues", queues),
                        ("in_instance", SG("app", "User") + b")\x81}" + S("b") + lists + b"sb")):
        add("r26_" + name, state(value), LIMIT, "expanded-max")
    add("r26_own_class", P(4) + SG("app", "User") + b")\x81}" + S("a") + lists + b"sb.", ACCEPT, "accepted")
    add("r26_few", state(b"(" * 8 + b"K\x01" + b"2l" * 8), ACCEPT, "accepted")
    late = b"".join(b"]q" + bytes([i]) for i in range(3)) + b"0" * 3
    cells = b"(K\x01K\x01\x85" + OBJECTS + b"\x89](" + tuples + b"etb"
    add("r26_cells", state(SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R" + cells), LIMIT, "expanded-max")
    add("r26_late", P(4) + late + b"h\x00(h\x01h\x01e0h\x01(h\x02h\x02e0" + series + b"}" + S("a") + b"h\x00sb.", LIMIT, "expanded-max")
    wrapper = SG("collections", "UserList") + b")\x81"
    add("r26_late_wrapped", P(4) + wrapper + b"q\x000](h\x00ee0" .replace(b"ee", b"e") + b"h\x00}" + S("data") + b"](K\x01esb0" + series + b"}" + S("a") + b"](h\x00esb.", LIMIT, "expanded-max")
    names = b"](" + (b"}" + S("name") + b"h\x00s") * 12 + b"e"
    add("r26_names", P(4) + SG("pandas.core.series", "Series") + b"0K\x01" + b"2\x86" * 20 + b"q\x000" + names + b".", LIMIT, "key-cost-total")
    add("r26_late_leaf", P(4) + b"]q\x000](h\x00eq\x010h\x00K\x01a0" + series + b"}" + S("a") + b"h\x01sb.", ACCEPT, "accepted")
    scalar = SG("numpy.core.multiarray", "scalar") + SG("numpy", "dtype") + S("i8") + b"\x89\x88\x87R(K\x03" + S("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb" + B(b"\1" * 8) + b"\x86R"
    giant = SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85R"
    for name, keys, fine in (("scalar_range", scalar + giant, False), ("range_scalar", giant + scalar, False), ("ranges", giant, True), ("scalars", scalar, True)):
        add("r26_keys_" + name, P(4) + b"\x8f(" + keys + b"\x90.", *((ACCEPT, "accepted") if fine else (LIMIT, "heap")))


def masked():
    """The seventh part of a masked array's state, of which numpy makes an array; and states that are no tuples, which it takes apart all the same."""
    names = "numpy.ma.core.MaskedArray"
    make = P(4) + SG("numpy.ma.core", "_mareconstruct") + SG("numpy.ma.core", "MaskedArray") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"tR"
    make = make.replace(SG("numpy.ma.core", "_mareconstruct"), SG("numpy.ma.core", "_mareconstruct") + b"(")
    dtype = SG("numpy", "dtype") + S("f8") + b"\x89\x88\x87R(K\x03" + S("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    parts = b"(K\x01K\x01\x85" + dtype + b"\x89" + B(b"\0" * 8) + B(b"\0")
    array = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\x00\x85" + B(b"b") + b"\x87R(K\x01)" + dtype + b"\x89" + B(b"\0" * 8) + b"tb"
    for name, fill, fine in (("none", b"N", True), ("number", b"G" + b"\0" * 8, True), ("array", array, True), ("list", b"](K\x01e", False), ("tuple", b"K\x01\x85", False),
                             ("range", SG("builtins", "range") + b"K\x05\x85R", False), ("instance", SG("app", "User") + b")\x81", False),
                             ("scalar", SG("numpy.core.multiarray", "scalar") + dtype + B(b"\0" * 8) + b"\x86R", True), ("singleton", SG("builtins", "type") + b"N\x85R", False)):
        add("r27_fill_" + name, make + parts + fill + b"tb.", *((ACCEPT, "accepted") if fine else (FORBIDDEN, "state-kind", names)))
    add("r27_state_list", make + b"]" + parts + b"Neb.", FORBIDDEN, "state-kind", names)


def handed_on():
    """Dicts that a class's own __setstate__ gets: keys that are text to Python and no str of this stream."""
    key = SG("sqlalchemy.sql.elements", "quoted_name") + S("abc") + b"N\x86R"
    text = SG("_io", "StringIO") + b")\x81(" + S("abc") + S("") + b"K\x00"
    add("r28_attribute", P(4) + text + b"}" + key + b"NstbN" .replace(b"N", b"", 0)[:4] + b".", FORBIDDEN, "state-key")
    add("r28_attribute_later", P(4) + text + b"}q\x00tb0h\x00" + key + b"Ns.", FORBIDDEN, "items-target")
    add("r28_attribute_plain", P(4) + text + b"}" + S("a") + b"Nstb.", ACCEPT, "accepted")
    add("r28_own", P(4) + SG("app", "Reads") + b")\x81}" + key + b"Nsb.", FORBIDDEN, "state-key")
    add("r28_own_number", P(4) + SG("app", "Reads") + b")\x81}K\x01Nsb.", ACCEPT, "accepted")
    multi = SG("werkzeug.datastructures", "MultiDict") + b")\x81}"
    add("r28_form", P(4) + multi + S("add") + b"](K\x01esb.", ACCEPT, "accepted")


def copied_and_kept():
    """What classes make of what they are handed, again and again from the memo."""
    model = P(4) + SG("django.db.models.base", "model_unpickle") + S("auth") + S("user") + b"\x86\x85R}" + S("_django_version")
    add("r29_version_text", model + S("3.2") + b"sb.", ACCEPT, "accepted")
    add("r29_version_tuple", model + b")" + b"2\x86" * 28 + b"sb.", FORBIDDEN, "state-key")
    error = SG("builtins", "ValueError") + b"(" * 28 + b"K\x01" + b"2l" * 28 + b"\x85R"
    add("r29_model_of_error", P(4) + SG("django.db.models.base", "model_unpickle") + error + S("user") + b"\x86\x85R.", LIMIT, "expanded-max")
    values = P(4) + SG("django.utils.datastructures", "MultiValueDict") + b")\x81}" + S("_data")
    namespace, helper = SG("types", "SimpleNamespace") + b")R}", SG("app", "helper")
    add("r29_values", values + b"}" + S("a") + b"](K\1essb.", ACCEPT, "accepted")
    add("r29_values_range", values + b"}" + S("a") + SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85Rssb.", LIMIT, "heap")
    frame = P(4) + SG("pandas.core.frame", "DataFrame") + b")\x81}" + S("_flags")
    for name, target, end in (("values", values, b"sb."), ("frame", frame, b"sb.")):
        add("r29_function_" + name, target + namespace + S("items") + helper + b"sb" + end, FORBIDDEN, "state-key")
        add("r29_namespace_" + name, target + namespace + S("items") + b"Nsb" + end, ACCEPT, "accepted")
    add("r29_function_late", P(4) + SG("types", "SimpleNamespace") + b")Rq\x000](h\x00}" + S("items") + helper + b"sb" + SG("pandas.core.frame", "DataFrame") + b")\x81}"
        + S("_flags") + b"h\x00sbe.", FORBIDDEN, "state-key")
    add("r29_function_nested", P(4) + SG("types", "SimpleNamespace") + b")Rq\x000}" + S("_flags") + b"h\x00sq\x010h\x00}" + S("items") + helper + b"sb0" + frame[2:-len(S("_flags")) - 1]
        + b"h\x01b.", FORBIDDEN, "state-key")
    zone, pytz = SG("zoneinfo", "ZoneInfo._unpickle") + b"q\x000" + S("UTC"), SG("pytz", "_p") + b"q\x000" + S("Europe/Paris")
    add("r29_zones", P(4) + zone + b"\x89\x86q\x010](" + b"h\x00h\x01R" * 257 + b"e.", FORBIDDEN, "arguments", "zoneinfo.ZoneInfo._unpickle")
    add("r29_zones_few", P(4) + zone + b"\x89\x86q\x010](" + b"h\x00h\x01R" * 256 + b"e.", ACCEPT, "accepted")
    add("r29_zones_cached", P(4) + zone + b"\x88\x86q\x010](" + b"h\x00h\x01R" * 9000 + b"e.", ACCEPT, "accepted")
    offsets = pytz + b"J\x10\x0e\x00\x00K\x00" + S("CET")
    add("r29_pytz", P(4) + b"(" .join([b"", offsets.replace(S("Europe/Paris"), b"(" + S("Europe/Paris"))])[1:] + b"tq\x010](" + b"h\x00h\x01R" * 100 + b"e.", ACCEPT, "accepted")
    add("r29_pytz_many", P(4) + b"(".join([b"", offsets.replace(S("Europe/Paris"), b"(" + S("Europe/Paris"))])[1:] + b"tq\x010](" + b"h\x00h\x01R" * 2400 + b"e.", LIMIT, "key-cost-total")
    for name, arguments in (("name", S("a") + b"\x85"), ("four", b"(" + S("a") + b"K\x3cK\x00" + S("b") + b"t")):
        add("r29_pytz_" + name, P(4) + SG("pytz", "_p") + arguments + b"R.", ACCEPT, "accepted")
    for name, arguments in (("seconds", b"(" + S("a") + b"K\x01K\x00" + S("b") + b"t"), ("days", b"(" + S("a") + b"J\x80\x51\x01\x00K\x00" + S("b") + b"t"), ("two", S("a") + b"K\x3c\x86"),
                            ("number", b"K\x01\x85"), ("text", b"(" + S("a") + S("60") + b"K\x00" + S("b") + b"t"), ("back", b"(" + S("a") + b"J\x80\xae\xfe\xffK\x00" + S("b") + b"t")):
        add("r29_pytz_" + name, P(4) + SG("pytz", "_p") + arguments + b"R.", FORBIDDEN, "arguments", "pytz._p")
    multi = SG("werkzeug.datastructures", "ImmutableMultiDict") + b"q\x000}" + S("a") + b"](" + b"N" * 1000 + b"es\x85q\x010]("
    add("r29_multi", P(4) + multi + b"h\x00h\x01R" * 8000 + b"e.", LIMIT, "heap")
    add("r29_multi_few", P(4) + multi + b"h\x00h\x01R" * 80 + b"e.", ACCEPT, "accepted")
    for name, data in (("bytearray", b"\x96" + struct.pack("<Q", 4000) + b"a" * 4000),
                       ("array", SG("array", "array") + S("B") + b"B" + struct.pack("<I", 4000) + b"a" * 4000 + b"\x86R"),
                       ("rebuilt", SG("array", "_array_reconstructor") + b"(" + SG("array", "array") + S("B") + b"K\x00B" + struct.pack("<I", 4000) + b"a" * 4000 + b"tR")):
        text = SG("_io", "BytesIO") + b"q\x000(" + data + b"K\x00Ntq\x010]("
        add("r29_io_" + name, P(4) + text + b"h\x00)\x81h\x01b" * 3000 + b"e.", LIMIT, "heap")


def kept_errors():
    """Exceptions with arguments or a state that they would walk, write out or pickle again."""
    wrapper, ranged = ("celery.utils.serialization", "UnpickleableExceptionWrapper"), SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85R"
    plain = S("m") + S("E") + S("a") + b"K\x01N\x87"
    add("r30_wrapper", P(4) + SG(*wrapper) + b"(" + plain + S("t") + b"tR}" + S("text") + S("t") + b"sb.", ACCEPT, "accepted")
    add("r30_wrapper_three", P(4) + SG(*wrapper) + plain + b"\x87R.", ACCEPT, "accepted")
    namespace = SG("types", "SimpleNamespace") + b")R"
    for name, inside in (("range", ranged), ("list", b"]"), ("tuple", b"N\x85"), ("instance", namespace), ("class", SG("app", "User"))):
        add("r30_wrapper_" + name, call(*wrapper, S("m"), S("E"), inside + b"\x85", S("t")), FORBIDDEN, "arguments", ".".join(wrapper))
    for name, arguments in (("not_tuple", S("m") + S("E") + ranged + b"\x87"), ("listed", S("m") + S("E") + b"]\x87"), ("two", S("m") + S("E") + b"\x86"),
                            ("number", b"K\x01" + S("E") + b")\x87"), ("text", b"(" + S("m") + S("E") + b")" + ranged + b"t"), ("five", b"(" + plain + b"NNt")):
        add("r30_wrapper_" + name, P(4) + SG(*wrapper) + arguments + b"R.", FORBIDDEN, "arguments", ".".join(wrapper))
    add("r30_wrapper_again", P(4) + SG(*wrapper) + b"q\x000" + S("m") + S("E") + b"X" + struct.pack("<I", 4000) + b"a" * 4000 + b"\x85\x87q\x010](" + b"h\x00h\x01R" * 4000 + b"e.",
        LIMIT, "heap")
    add("r30_date", call("builtins", "tuple", b"M\xea\x07K\x30K\x01\x87"), ACCEPT, "accepted")
    add("r30_date_key", P(4) + b"}" + call("builtins", "tuple", b")" + b"2\x86" * 60)[2:-1] + b"Ns.", LIMIT, "key-cost-total")
    add("r30_date_grows", P(4) + SG("builtins", "tuple") + b")\x85R(Ne.", FORBIDDEN, "items-target")
    for name, inside in (("range", ranged), ("list", b"]"), ("text", S("x")), ("dict", b"}"), ("namespace", namespace)):
        add("r30_date_of_" + name, call("builtins", "tuple", inside), FORBIDDEN, "arguments", "builtins.tuple")
    add("r30_date_as_arguments", P(4) + SG("builtins", "ValueError") + call("builtins", "tuple", b")")[2:-1] + b"R.", ACCEPT, "accepted")
    add("r30_date_none", call("builtins", "tuple"), FORBIDDEN, "arguments", "builtins.tuple")
    process, url, absent = ("subprocess", "CalledProcessError"), ("urllib.error", "URLError"), ("werkzeug.exceptions", "NotFound")
    add("r30_process", call(*process, b"K\x01", b"]", B(b"x")), ACCEPT, "accepted")
    add("r30_process_range", call(*process, ranged, b"]"), FORBIDDEN, "arguments", ".".join(process))
    add("r30_process_output", call(*process, b"K\x01", b"]", ranged), FORBIDDEN, "arguments", ".".join(process))
    add("r30_url", P(4) + SG(*url) + S("x") + b"\x85R}" + S("reason") + S("x") + b"sb.", ACCEPT, "accepted")
    add("r30_url_file", call(*url, S("x"), namespace), FORBIDDEN, "arguments", ".".join(url))
    add("r30_absent", P(4) + SG(*absent) + b")R}(" + S("description") + S("x") + S("response") + b"Nub.", ACCEPT, "accepted")
    add("r30_absent_given", call(*absent, S("x")), FORBIDDEN, "arguments", ".".join(absent))
    users = SG("collections", "UserList") + b")\x81"
    for name, made in (("url", SG(*url) + S("x") + b"\x85R}"), ("absent", SG(*absent) + b")R}"), ("process", SG(*process) + b"K\x01]\x86R}"),
                       ("ssl", SG("ssl", "SSLError") + b"K\x01\x85R}"), ("wrapper", SG(*wrapper) + plain + b"\x87R}")):
        add("r30_args_" + name, P(4) + made + S("args") + users + b"sb.", FORBIDDEN, "state-key")
        add("r30_called_" + name, P(4) + made + S("__class__") + b"Nsb.", FORBIDDEN, "state-key")


def weights():
    """What is walked again each time that it is used: hashed, compared, copied, written out."""
    uuid, dag = SG("uuid", "UUID") + b")\x81", b")" + b"2\x86" * 60
    number = b"}" + S("int")
    add("r31_late_state", P(4) + SG("app", "Hashed") + b")\x81q\x00\x85q\x010h\x00}" + S("a") + dag + b"sb0}h\x01Ns.", LIMIT, "key-cost-max")
    add("r31_late_state_small", P(4) + SG("app", "Hashed") + b")\x81q\x00\x85q\x010h\x00}" + S("a") + b"K\1sb0}h\x01Ns.", ACCEPT, "accepted")
    add("r31_late_slots", P(4) + SG("app", "Hashed") + b")\x81q\x00\x85q\x010h\x00N}" + S("a") + dag + b"s\x86b0}h\x01Ns.", LIMIT, "key-cost-max")
    add("r31_slots_key", P(4) + b"}" + SG("app", "Hashed") + b")\x81N}" + S("a") + dag + b"s\x86bNs.", LIMIT, "key-cost-max")
    add("r31_inner_key", P(4) + b"}" + SG("app", "Hashed") + b")\x81}" + S("__dict__") + b"}" + S("a") + dag + b"ssbNs.", LIMIT, "key-cost-max")
    add("r31_keywords_key", P(4) + b"}" + SG("app", "Hashed") + b")}" + S("a") + dag + b"s\x92Ns.", LIMIT, "key-cost-max")
    add("r31_uuid", P(4) + uuid + number + b"\x8a\x10" + b"\1" * 16 + b"sb.", ACCEPT, "accepted")
    add("r31_uuid_two", P(2) + G("uuid", "UUID") + b")\x81}(U\x03intK\1X\x03\0\0\0intK\2ub.", FORBIDDEN, "state-key")
    for name, value in (("long", b"\x8a\x12" + b"\1" * 18), ("tuple", dag), ("text", S("1")), ("instance", uuid)):
        add("r31_uuid_" + name, P(4) + uuid + number + value + b"sb.", FORBIDDEN, "state-key")
    add("r31_uuid_none", P(4) + uuid + b"}b.", FORBIDDEN, "state-kind", "uuid.UUID")
    add("r31_uuid_other_dict", P(4) + uuid + b"}q\x00" + number + b"K\1s0b.", FORBIDDEN, "state-kind", "uuid.UUID")
    partial = SG("functools", "partial") + SG("builtins", "getattr") + SG("builtins", "ValueError") + S("__new__") + b"\x86Rq\x00\x85R(h\x00" + SG("builtins", "ValueError") + b"\x85}NtK\0"[:-2] + b"b"
    add("r31_partial_once", P(4) + partial + b")R.", ACCEPT, "accepted")
    add("r31_partial_again", P(4) + partial + b"q\x010](h\x01)Rh\x01)Re.", FORBIDDEN, "callee")
    error, listed = SG("builtins", "ValueError") + b")R}" + S("args"), b"](" + b"N" * 3000 + b"e"
    add("r31_args_list", P(4) + error + listed + b"sb.", FORBIDDEN, "state-key")
    add("r31_args_text", P(4) + error + S("a" * 3000) + b"sb.", FORBIDDEN, "state-key")
    add("r31_args_of_user", P(4) + SG("app", "User") + b")\x81}" + S("args") + listed + b"sb.", ACCEPT, "accepted")
    add("r31_args_of_users", P(4) + SG("app", "User") + b"q\x000}" + S("args") + listed + b"sq\x010](h\x00)\x81h\x01bh\x00)\x81h\x01be.", FORBIDDEN, "state-key")
    text = b"X" + struct.pack("<I", 40000) + b"a" * 40000
    equal = text + b"q\x000" + text + b"q\x010"
    add("r31_equal_texts_few", P(4) + equal + b"}(h\x00N" + b"h\x01N" * 100 + b"u.", ACCEPT, "accepted")
    add("r31_equal_texts_tuple", P(4) + equal + b"((" + b"h\x00" * 900 + b"tt}" + b"(" + b"h\x01" * 900 + b"tNs.", LIMIT, "key-cost-max")
    large = b"\x8b" + struct.pack("<i", 39000) + b"\1" * 39000 + b"q\x000"
    fraction, decimal = SG("fractions", "Fraction") + b"h\x00K\1\x86Rq\x010", SG("decimal", "Decimal") + S("12345") + b"\x85R"
    add("r31_decimal_fraction", P(4) + large + fraction + b"\x8f(" + decimal + b"h\x01" * 20 + b"\x90.", LIMIT, "key-cost-total")
    add("r31_decimal_tuple", P(4) + large + b"\x8f(" + decimal + b"\x85(h\x00tq\x01" + b"h\x01" * 20 + b"\x90.", LIMIT, "key-cost-total")
    add("r31_fraction_text", P(4) + b"\x8f(" + decimal + SG("fractions", "Fraction") + S("1" * 4000) + b"\x85Rq\x00" + b"h\x00" * 4000 + b"\x90.", LIMIT, "key-cost-total")
    pairs = large + SG("collections", "OrderedDict") + b"q\x010](h\x00N\x86q\x02" + b"h\x02" * 255 + b"eq\x030"
    add("r31_pairs_again", P(4) + pairs + b"(" + b"h\x01h\x03\x85R0" * 60 + b"t.", LIMIT, "key-cost-total")
    add("r31_pairs_once", P(4) + pairs + b"h\x01h\x03\x85R.", ACCEPT, "accepted")
    generator = ("numpy.random._pickle", "__bit_generator_ctor")
    add("r31_generator", call(*generator, S("MT19937")), ACCEPT, "accepted")
    add("r31_generator_of_error", call(*generator, SG("builtins", "ValueError") + b")R"), FORBIDDEN, "arguments", ".".join(generator))
    add("r31_generator_long", call(*generator, S("M" * 100)), FORBIDDEN, "arguments", ".".join(generator))
    add("r31_member_value", P(4) + SG("app", "User") + b")\x81}" + S("_value_") + b"K\1sb.", FORBIDDEN, "state-key")
    add("r31_member_name", P(4) + SG("app", "User") + b")\x81}" + S("_name_") + b"K\1sb.", FORBIDDEN, "state-key")
    helper = SG("app", "helper")
    add("r31_tzinfo_function", P(4) + SG("datetime", "datetime") + B(b"\7\xe4\1\1" + b"\0" * 6) + SG("app", "User") + b")\x81}" + S("utcoffset") + helper + b"sb\x86R.",
        FORBIDDEN, "arguments", "datetime.datetime")
    add("r31_index_function", P(4) + SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index") + b"}" + S("codes") + b"]" + SG("types", "SimpleNamespace")
        + b")R}" + S("to_numpy") + helper + b"sbas\x86R.", FORBIDDEN, "arguments", "pandas.core.indexes.base._new_Index")
    add("r31_index_listed", P(4) + SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index") + b"}" + S("data") + b"]s\x86R.",
        FORBIDDEN, "arguments", "pandas.core.indexes.base._new_Index")
    add("r31_slots_property", P(4) + SG("builtins", "ValueError") + b")R}}" + S("a") + b"K\1s\x86b.", FORBIDDEN, "state-kind", "builtins.ValueError")
    add("r31_slots_empty", P(4) + SG("builtins", "ValueError") + b")R}}\x86b.", ACCEPT, "accepted")
    add("r31_slots_user", P(4) + SG("app", "User") + b")\x81}}" + S("a") + b"K\1s\x86b.", ACCEPT, "accepted")
    add("r31_late_namespace", P(4) + SG("types", "SimpleNamespace") + b")Rq\x000](h\x00h\x00}" + S("a") + helper + b"sbe.", ACCEPT, "accepted")
    add("r31_late_namespace_held", P(4) + SG("types", "SimpleNamespace") + b")Rq\x000h\x00\x85q\x010h\x00}" + S("a") + helper + b"sb.", FORBIDDEN, "state-key")
    frequency = SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index") + b"}" + S("freq")
    add("r31_index_frequency", P(4) + frequency + S("D") + b"s\x86R.", ACCEPT, "accepted")
    add("r31_index_digits", P(4) + frequency + S("1" * 5000) + b"s\x86R.", FORBIDDEN, "arguments", "pandas.core.indexes.base._new_Index")
    cookie = SG("http.cookies", "SimpleCookie") + b")\x81" + text + b"q\x000"
    add("r31_cookie", P(4) + cookie + b"(" + S("a") + b"h\x00u.", ACCEPT, "accepted")
    add("r31_cookie_many", P(4) + cookie + b"(" + b"".join(S("a%d" % i) + b"h\x00" for i in range(300)) + b"u.", LIMIT, "heap")


def known_hashes():
    """Instances as keys whose hash their writer chose: 700 of one hash, beside 700 of as many."""
    modulus, many = (1 << 61) - 1, 700

    def long(value):
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(data)]) + data

    def double(value):
        return b"G" + struct.pack(">d", value)

    def case(name, module, kind, one, equal, differing, prefix=b""):
        made = lambda values: b"".join(one(value) for value in values)
        start = P(4) + SG(module, kind) + b"q\x000" + prefix + b"\x8f("
        add("r33_%s_equal" % name, start + made(equal) + b"\x90.", LIMIT, "key-collisions")
        add("r33_%s_differing" % name, start + made(differing) + b"\x90.", ACCEPT, "accepted")
    chosen, plain = [k * modulus + 12345 for k in range(1, many)], range(12345, 12345 + many)
    ident = lambda value: b"h\x00)\x81}" + S("int") + long(value) + b"sb"
    case("uuid", "uuid", "UUID", ident, chosen, plain)
    case("uuid_in_tuple", "uuid", "UUID", lambda value: ident(value) + b"K\1\x86", chosen, plain)
    case("decimal", "decimal", "Decimal", lambda value: b"h\x00" + S("%dE-3" % value) + b"\x85R", chosen, plain)
    case("decimal_negative", "decimal", "Decimal", lambda value: b"h\x00" + S("-%d.5" % value) + b"\x85R", chosen, plain)
    powers = [(12345 * pow(pow(10, -1, modulus), e, modulus) % modulus, e) for e in range(1, many)]
    case("decimal_exponents", "decimal", "Decimal", lambda value: b"h\x00" + S("%dE+%d" % value) + b"\x85R", powers, [(n, 5) for n in plain])
    case("fraction", "fractions", "Fraction", lambda value: b"h\x00" + long(value[0]) + long(value[1]) + b"\x86R",
         [(12345 * k + modulus, k) for k in range(1, many)], [(n, 7) for n in plain])
    case("fraction_text", "fractions", "Fraction", lambda value: b"h\x00" + S("-%d/%d" % value) + b"\x85R",
         [(12345 * k + modulus, k) for k in range(1, many)], [(n, 7) for n in plain])
    case("complex", "builtins", "complex", lambda value: b"h\x00" + double(value[0]) + double(value[1]) + b"\x86R",
         [(float((1 << 40) - 1000003 * k), float(k)) for k in range(many)], [(float(n), 1.0) for n in plain])
    case("range", "builtins", "range", lambda value: b"h\x00" + long(value) + long(value + 10) + b"\x86R", chosen, plain)
    case("frozenset", "builtins", "frozenset", lambda value: b"(" + long(value) + S("x") + b"K\7\x91", chosen, plain)
    case("frozenset_called", "builtins", "frozenset", lambda value: b"h\x00](" + long(value) + S("x") + b"K\7e\x85R", chosen, plain)
    case("frozenset_twice", "builtins", "frozenset", lambda value: b"(" + long(value) + b"K\7K\7\x91", plain, plain[:300])
    case("frozenset_nested", "builtins", "frozenset", lambda value: b"((" + long(value) + b"\x91K\1\x91", chosen, plain)
    case("named", "app", "Hashed", lambda value: b"h\x00" + long(value) + b"K\1\x86\x81", chosen, plain)
    case("one_number", "app", "Hashed", lambda value: b"h\x00" + long(value) + b"\x85R", chosen, plain)
    constant = b"".join(b"h\x00" + long(value) + long(10 ** 6) + b"\x86\x81" for value in range(many))
    add("r35_named_constant", P(4) + SG("app", "Hashed") + b"q\x000\x8f(" + constant + b"\x90.", ACCEPT, "accepted")
    add("r35_called_constant", P(4) + SG("app", "Hashed") + b"q\x000\x8f(" + constant.replace(b"\x86\x81", b"\x86R") + b"\x90.", ACCEPT, "accepted")
    spread = [k << 64 for k in range(1, many)]
    text = lambda ending: lambda value: b"h\x00" + S(str(ipaddress.IPv6Address(value)) + ending) + b"\x85R"
    case("v6_number", "ipaddress", "IPv6Address", lambda value: b"h\x00" + long(value) + b"\x85R", chosen, spread)
    case("v6_text", "ipaddress", "IPv6Address", text(""), chosen, spread)
    case("v6_interface", "ipaddress", "IPv6Interface", text("/0"), chosen, spread)
    case("v6_network", "ipaddress", "IPv6Network", text("/128"), chosen, spread)
    unread = b"".join(b"h\x00" + S("%d:" % value + "0" * 500) + b"\x85R" for value in plain)
    add("r33_v6_too_long", P(4) + SG("ipaddress", "IPv6Address") + b"q\x000\x8f(" + unread + b"\x90.", LIMIT, "key-collisions")
    encoded = lambda characters: b"h\x00" + S(characters) + S("latin1") + b"\x86R"
    differing = [encoded("k%d" % value) + long(12345) + b"\x86" for value in plain]
    case("derived", "_codecs", "encode", lambda part: part, [encoded("k") + long(value) + b"\x86" for value in chosen], differing)
    case("derived_last", "_codecs", "encode", lambda part: part, [long(value) + encoded("k" * 9) + b"\x86" for value in chosen], differing)
    escaped = [b"".join(b"k" if n >> bit & 1 else b"\\u006b" for bit in range(10)) for n in range(many)]
    pair = lambda spelling, value: long(value) + b"V" + spelling + b"\n\x86"
    add("r35_escaped_equal", P(4) + b"\x8f(" + b"".join(map(pair, escaped, chosen)) + b"\x90.", LIMIT, "key-collisions")
    add("r35_escaped_differing", P(4) + b"\x8f(" + b"".join(pair(b"\\u00%02x" % (n % 256), 12345 + n // 256) for n in range(many)) + b"\x90.", ACCEPT, "accepted")
    dtype = SG("numpy", "dtype") + S("i8") + b"\x89\x88\x87Rq\x010"
    for name, values, verdict in (("equal", walking_keys(), (LIMIT, "key-collisions")), ("differing", plain, (ACCEPT, "accepted"))):
        made = b"".join(b"h\x00h\x01" + B(struct.pack("<q", value)) + b"\x86RN" for value in values)
        add("r33_scalar_" + name, P(4) + SG("numpy.core.multiarray", "scalar") + b"q\x000" + dtype + b"}(" + made + b"u.", *verdict)
    two = b"".join(b"h\x00" + long(value) + long(value + 7) + b"\x86R" for value in range(1 << 20, (1 << 20) + 8200))
    add("r33_unknown", P(4) + SG("app", "Hashed") + b"q\x000\x8f(" + two + b"\x90.", LIMIT, "key-opaque-max")
    state = b"h\x00)\x81}" + S("a") + b"K\1sb"
    add("r33_unknown_state", P(4) + SG("app", "Hashed") + b"q\x000\x8f(" + state * 8200 + b"\x90.", LIMIT, "key-opaque-max")
    path = b"".join(b"h\x00" + S("%d" % value) + b"\x85R" for value in range(8200))
    add("r33_secret", P(4) + SG("pathlib", "PurePosixPath") + b"q\x000\x8f(" + path + b"\x90.", ACCEPT, "accepted")
    add("r33_list_grows", P(4) + SG("builtins", "frozenset") + b"](K\1eq\x00\x85R(h\x00K\2ae.", FORBIDDEN, "items-target")


def strides_and_comparisons():
    days = b"".join(b"\x8a\x08" + ((1500000000 + i * 86400) * 10 ** 9).to_bytes(8, "little") for i in range(4000))
    add("r41_set_of_days", P(4) + b"\x8f(" + days + b"\x90.", ACCEPT, "accepted")
    add("r41_set_of_days_called", P(2) + SG("builtins", "set") + b"](" + days + b"e\x85R.", ACCEPT, "accepted")
    strides = [b"\x8a\x09" + (i << 48).to_bytes(9, "little") for i in range(3000)]
    add("r41_set_of_strides", P(4) + b"\x8f(" + b"".join(strides) + b"\x90.", ACCEPT, "accepted")
    thousands = [b"\x8a\x08" + (i << 44).to_bytes(8, "little") for i in range(4000)]
    add("r41_dict_of_strides", P(4) + b"}(" + b"".join(key + b"N" for key in thousands) + b"u.", ACCEPT, "accepted")

    def few(step, sets):
        """Some tuples of many parts, of one hash or not, in many sets."""
        keys = b"".join(b"(" + b"h\x00" * 90 + b"\x8a\x0a" + (i * step + 5).to_bytes(10, "little") + b"tq" + bytes([i + 1]) + b"0" for i in range(16))
        held = b"".join(b"h" + bytes([i + 1]) for i in range(16))
        return P(4) + b"(" + b"N" * 100 + b"tq\x000" + keys + b"(" + (b"\x8f(" + held + b"\x90") * sets + b"t."
    add("r41_few_equal", few(2 ** 61 - 1, 60), LIMIT, "key-cost-total")
    add("r41_few_equal_once", few(2 ** 61 - 1, 1), ACCEPT, "accepted")
    add("r41_few_differing", few(1, 60), ACCEPT, "accepted")


def called_and_kept():
    """What a reader calls by a name that a state gave it, and memory that grows with each use of one text or array."""
    helper, opened = SG("app", "helper"), SG("_io", "BytesIO") + b")\x81(" + B(b"x") + b"K\0"
    for name, inside, verdict in (("function", S("close") + helper + b"s", "state-key"), ("class", S("close") + SG("app", "User") + b"s", "state-key"),
                                  ("instance", S("close") + SG("app", "User") + b")\x81s", "state-key"), ("container", S("close") + b"]s", "state-key")):
        add("r34_stream_" + name, P(4) + opened + b"}" + inside + b"tb.", FORBIDDEN, verdict)
    text_stream = SG("_io", "StringIO") + b")\x81(" + S("x") + S("") + b"K\0"
    add("r34_stream_text", P(4) + text_stream + b"}" + S("close") + helper + b"stb.", FORBIDDEN, "state-key")
    add("r34_stream_named", P(4) + opened + b"}" + S("name") + S("a.png") + b"stb.", ACCEPT, "accepted")
    add("r34_stream_none", P(4) + opened + b"Ntb.", ACCEPT, "accepted")
    add("r34_stream_late", P(4) + b"}q\x000" + opened + b"h\x00tb0h\x00" + S("close") + helper + b"s.", FORBIDDEN, "items-target")
    space = SG("types", "SimpleNamespace") + b")R}" + S("astype") + helper + b"sb"
    add("r34_estimator_namespace", P(4) + SG("sklearn.utils._bunch", "Bunch") + b")\x81}" + S("nodes") + space + b"sb.", FORBIDDEN, "state-key", "sklearn.utils._bunch.Bunch")
    add("r34_hashed_metadata", P(4) + SG("pandas.core.arrays.integer", "Int64Dtype") + b")\x81}" + S("_metadata") + b"]" + S("a") + b"asb.", FORBIDDEN, "state-key")
    long = b"B" + struct.pack("<I", 60000) + b"a" * 60000 + b"q\x000"
    query = SG("django.http.request", "QueryDict") + b")\x81"
    add("r34_query_decodes", P(4) + long + query + b"}" + S("_data") + b"}" + S("a") + b"](" + b"h\x00" * 1200 + b"essb.", LIMIT, "heap")
    add("r34_query_items", P(4) + long + query + b"(" + b"".join(S("%d" % i) + b"h\x00" for i in range(150)) + b"u.", LIMIT, "heap")
    add("r34_query_once", P(4) + long + query + b"(" + S("a") + b"h\x00u.", ACCEPT, "accepted")
    generator = SG("numpy.random._pickle", "__bit_generator_ctor") + b"q\x000" + S("MT19937") + b"\x85q\x010"
    add("r34_generators", P(4) + generator + b"h\x00h\x01R0" * 16500 + b"N.", LIMIT, "heap")
    add("r34_generators_few", P(4) + generator + b"h\x00h\x01R0" * 100 + b"N.", ACCEPT, "accepted")
    dtype = SG("numpy", "dtype") + S("S60000") + b"\x89\x88\x87R(K\x03" + S("|") + b"NNNJ" + struct.pack("<i", 60000) + b"K\1K\0tb"
    item = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\0\x85" + B(b"b") + b"\x87R(K\1K\1\x85" + dtype + b"\x89" + long[:-3] + b"tb"
    index = SG("pandas.core.indexes.base", "_new_Index") + b"q\x000" + SG("pandas.core.indexes.base", "Index") + b"}" + S("data") + item + b"s\x86q\x010"
    add("r34_index_items", P(4) + index + b"h\x00h\x01R0" * 1200 + b"N.", LIMIT, "heap")
    add("r34_index_items_few", P(4) + index + b"h\x00h\x01R0" * 20 + b"N.", ACCEPT, "accepted")
    late = b"\x89" + long[:-3]
    shell = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\0\x85" + B(b"b") + b"\x87Rq\x020"
    index = SG("pandas.core.indexes.base", "_new_Index") + b"q\x000" + shell + SG("pandas.core.indexes.base", "Index") + b"}" + S("data") + b"h\x02s\x86q\x010"
    add("r34_index_late_items", P(4) + index + b"h\x02(K\1K\1\x85" + dtype + late + b"tb0h\x00h\x01R.", LIMIT, "expanded-max")
    hosts = SG("pydantic_core._pydantic_core", "MultiHostUrl") + b"q\x000" + S("http://" + "a," * 480 + "b/") + b"\x85q\x010"
    add("r34_hosts", P(4) + hosts + b"h\x00h\x01\x810" * 600 + b"N.", LIMIT, "heap")
    add("r34_hosts_few", P(4) + hosts + b"h\x00h\x01\x810" * 20 + b"N.", ACCEPT, "accepted")
    period = ("pandas.core.dtypes.dtypes", "PeriodDtype")
    add("r34_period_again", P(4) + SG(*period) + b"q\x00" + S("D") + b"\x85R0h\x00" + S("1" * 1000) + b"\x85R.", FORBIDDEN, "arguments", ".".join(period))
    colliding = b"}(" + b"".join(b"\x8a\x0a" + (k * ((1 << 61) - 1)).to_bytes(10, "little") + b"N" for k in range(1, 3000)) + b"u"
    add("r34_broken_collisions", P(4) + colliding + b"\xff", LIMIT, "key-collisions")
    add("r34_broken_protocol", P(4) + SG("sklearn.utils._bunch", "Bunch") + b"0" + S("__array_interface__") + b"\xff", FORBIDDEN, "array-protocol")


def functions_inside():
    """A function that may only be referenced stands in what a library is given, and what holds it is asked for an attribute or an item."""
    helper, user = SG("app", "helper"), SG("app", "User")
    frame, bunch = SG("pandas.core.frame", "DataFrame") + b")\x81", SG("sklearn.utils._bunch", "Bunch") + b")\x81"
    factory, space = SG("collections", "defaultdict") + helper + b"\x85R", SG("types", "SimpleNamespace") + b")R"
    kept = lambda value: frame + b"}" + S("a") + value + b"sb."
    called = space + b"}" + S("x") + helper + b"sb"
    pair = space + b"}" + S("x") + helper + b"s}\x86b"
    error = SG("builtins", "ValueError")
    partial = SG("functools", "partial") + error + b"\x85R(" + error + b")N}" + S("x") + helper + b"stb"
    add("r36_factory", P(4) + factory + b".", ACCEPT, "accepted")
    add("r36_factory_type", P(4) + kept(SG("collections", "defaultdict") + SG("builtins", "list") + b"\x85R"), ACCEPT, "accepted")
    add("r36_brackets_type", P(4) + kept(SG("_operator", "getitem") + user + SG("builtins", "int") + b"\x86R"), ACCEPT, "accepted")
    for name, value in (("factory", factory), ("brackets", SG("_operator", "getitem") + helper + SG("builtins", "int") + b"\x86R"), ("pair", pair),
                        ("partial", partial), ("deque", SG("collections", "deque") + b"]" + called + b"a\x85R"), ("error", error + called + b"\x85R"),
                        ("items", SG("collections", "OrderedDict") + b")R" + S("x") + called + b"s"), ("made", user + b"(" + called + b"t\x81"),
                        ("newobj", SG("copyreg", "__newobj__") + user + called + b"\x86R"), ("user", user + b")\x81}" + S("x") + called + b"sb")):
        add("r36_frame_" + name, P(4) + kept(value), FORBIDDEN, "state-key")
    dtype = SG("numpy", "dtype") + S("O8") + b"\x89\x88\x87R(K\x03" + S("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    shell = SG("numpy.core.multiarray", "_reconstruct") + SG("numpy", "ndarray") + b"K\0\x85" + B(b"b") + b"\x87R"
    cells = shell + b"(K\1K\1\x85" + dtype + b"\x89]" + helper + b"atb"
    add("r36_frame_cells", P(4) + kept(cells), ACCEPT, "accepted")
    generator = SG("numpy.random._pickle", "__bit_generator_ctor") + S("MT19937") + b"\x85R"
    add("r36_state_instance", P(4) + generator + factory + b"b.", FORBIDDEN, "state-kind", "numpy.random._pickle.__bit_generator_ctor")
    add("r36_state_plain_instance", P(4) + frame + SG("collections", "OrderedDict") + b")Rb.", FORBIDDEN, "state-kind", "pandas.core.frame.DataFrame")
    add("r36_state_inside", P(4) + generator + b"}" + S("state") + factory + b"sb.", FORBIDDEN, "state-key")
    add("r36_state_in_tuple", P(4) + generator + b"}" + factory + b"\x86b.", FORBIDDEN, "state-key")
    add("r36_state_list", P(4) + generator + b"]" + factory + b"ab.", FORBIDDEN, "state-key")
    add("r36_state_list_late", P(4) + b"]q\x00}\x86q\x010h\x00" + helper + b"a0" + generator + b"h\x01b.", FORBIDDEN, "state-key")
    add("r36_state_late", P(4) + b"}" + S("a") + user + b")\x81q\x00sq\x010h\x00}" + S("x") + helper + b"sb0" + SG("app", "Hashed") + b")\x81h\x01b.",
        FORBIDDEN, "state-key")
    maker = SG("numpy.random._pickle", "__bit_generator_ctor")
    add("r36_generator_made_by", P(4) + maker + S("MT19937") + helper + b"\x86R.", ACCEPT, "accepted")
    for name, arguments in (("text", S("MT19937") + S("x") + b"\x86"), ("more", S("MT19937") + helper + b"N\x87")):
        add("r36_generator_" + name, P(4) + maker + arguments + b"R.", FORBIDDEN, "arguments", "numpy.random._pickle.__bit_generator_ctor")
    add("r36_state_fine", P(4) + generator + b"}" + S("state") + b"}" + S("pos") + b"K\1ssb.", ACCEPT, "accepted")
    add("r36_estimator_pair", P(4) + bunch + b"}" + S("nodes") + pair + b"sb.", FORBIDDEN, "state-key", "sklearn.utils._bunch.Bunch")
    add("r36_estimator_function", P(4) + bunch + b"}" + S("func") + helper + b"sb.", ACCEPT, "accepted")
    add("r36_key_late", P(4) + SG("app", "Hashed") + b")\x81q\x00\x85q\x010h\x00" + b"}" + S("x") + called + b"sN\x86b.", FORBIDDEN, "state-key")
    add("r36_label", P(4) + SG("django.db.models.base", "model_unpickle") + called + b"\x85\x85R.", FORBIDDEN, "arguments", "django.db.models.base.model_unpickle")
    add("r36_label_text", P(4) + SG("django.db.models.base", "model_unpickle") + S("auth") + S("User") + b"\x86\x85R.", ACCEPT, "accepted")
    add("r36_items_value", P(4) + SG("django.utils.datastructures", "MultiValueDict") + b")\x81" + S("a") + called + b"s.", FORBIDDEN, "arguments",
        "django.utils.datastructures.MultiValueDict")
    masked = lambda kind: P(4) + SG("numpy.ma.core", "_mareconstruct") + b"(" + kind + SG("numpy", "ndarray") + b"K\0\x85" + B(b"b") + b"tR."
    add("r36_masked_reference", masked(helper), FORBIDDEN, "arguments", "numpy.ma.core._mareconstruct")
    add("r36_masked_shaped", masked(SG("app", "Shaped")), FORBIDDEN, "arguments", "numpy.ma.core._mareconstruct")
    add("r36_masked_only", masked(SG("app", "Makes")), FORBIDDEN, "arguments", "numpy.ma.core._mareconstruct")
    add("r36_masked_class", masked(user), ACCEPT, "accepted")
    predictor = "sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"
    array = shell + b"(K\1K\1\x85" + SG("numpy", "dtype") + S("i8") + b"\x89\x88\x87R" + b"\x89" + B(b"12345678") + b"tb"
    add("r36_index_of_array", P(4) + SG("pandas.core.indexes.base", "_new_Index") + SG("pandas.core.indexes.base", "Index") + b"}" + S("data") + array + b"s\x86R.",
        ACCEPT, "accepted")
    add("r36_predictor", P(4) + SG(*predictor) + b")\x81}" + S("nodes") + array + b"sb.", ACCEPT, "accepted")
    for name, state in (("bunch", b"}" + S("nodes") + bunch + b"s"), ("none", b"N"), ("empty", b"}"), ("other", b"}" + S("values") + array + b"s")):
        add("r36_predictor_" + name, P(4) + SG(*predictor) + b")\x81" + state + b"b.", FORBIDDEN, "state-kind", ".".join(predictor))
    add("r36_predictor_early", P(4) + b"}" + S("nodes") + array + b"sq\x000" + SG(*predictor) + b")\x81h\x00b.", FORBIDDEN, "state-kind", ".".join(predictor))
    add("r36_predictor_called", P(4) + SG(*predictor) + b"K\1\x85R.", FORBIDDEN, "arguments", ".".join(predictor))
    add("r36_pandas_frequency", P(4) + frame + b"}" + S("freq") + S("9" * 257) + b"sb.", FORBIDDEN, "state-key")
    add("r36_pandas_frequency_escaped", P(4) + frame + b"}Vfr\\u0065q\n" + S("9" * 257) + b"sb.", FORBIDDEN, "state-key")
    add("r36_pandas_frequency_short", P(4) + frame + b"}" + S("freq") + S("9" * 256) + b"sb.", ACCEPT, "accepted")
    add("r36_other_frequency", P(4) + user + b")\x81}" + S("freq") + S("9" * 257) + b"sb.", ACCEPT, "accepted")
    levels = b"](" + b"]" * 5000 + b"e"
    index = SG("pandas.core.indexes.base", "_new_Index") + b"q\x000" + SG("pandas.core.indexes.multi", "MultiIndex") + \
        b"}(" + S("levels") + levels + S("codes") + levels + b"u\x86q\x010"
    add("r36_many_levels", P(4) + index + b"h\x00h\x01R0" * 70 + b"N.", LIMIT, "key-cost-total")
    add("r36_some_levels", P(4) + index + b"h\x00h\x01R0" * 10 + b"N.", ACCEPT, "accepted")
    new = SG("functools", "partial") + SG("builtins", "getattr") + SG("app", "Shaped") + S("__new__") + b"\x86Rq\x00\x85R(h\x00" + SG("app", "Shaped")
    add("r36_partial_shape", P(4) + new + S("x") + b"\x86NNtb)R.", FORBIDDEN, "arguments", "app.Shaped")
    add("r36_partial_shaped", P(4) + new + b"K\1\x86NNtb)R.", ACCEPT, "accepted")
    add("r36_state_gets_text_instance", P(4) + user + b")\x81}q\x00b0h\x00" + SG("app", "StrSub") + S("x") + b"\x85\x81Ns.", FORBIDDEN, "state-key")
    counter, wrapped = SG("collections", "defaultdict") + b"q\x00", SG("functools", "partial") + b"h\x00\x85R(h\x00"
    integer = SG("builtins", "int")
    add("r36_nested_counter", P(4) + counter + wrapped + integer + b"\x85}Ntb\x85R.", ACCEPT, "accepted")
    add("r36_nested_counter_deeper", P(4) + counter + wrapped + wrapped + integer + b"\x85}Ntb\x85NNtb\x85R.", ACCEPT, "accepted")
    for name, rest in (("range", SG("builtins", "range") + b"K\1\x85R\x85}N"), ("none_given", b")}N"), ("two", integer + b"}\x86}N"),
                       ("keywords", integer + b"\x85}" + S("a") + b"K\1sN"), ("list", integer + b"\x85]N")):
        add("r36_nested_counter_" + name, P(4) + counter + wrapped + rest + b"tb\x85R.", FORBIDDEN, "state-kind", "functools.partial")
    add("r36_nested_counter_function", P(4) + kept(counter + wrapped + helper + b"\x85}Ntb\x85R"), FORBIDDEN, "state-key")


def unicode_errors():
    """str() of them reads object[start]."""
    far = b"\x8a\x07\x00\x80\x39\x5b\x81\x72\xfc"
    text, raw, at, to, why = S("u"), B(b"x"), b"K\0", b"K\1", S("r")
    rows = (("Decode", [text, raw, at, to, why]), ("Encode", [text, text, at, to, why]), ("Translate", [text, at, to, why]))
    for name, good in rows:
        kind = "builtins", "Unicode%sError" % name
        made = lambda parts: SG(*kind) + b"(" + b"".join(parts) + b"tR"
        add("r37_%s" % name, P(4) + made(good) + b".", ACCEPT, "accepted")
        for i in range(len(good)):
            wrong = good[:i] + [far if good[i] in (at, to) else b"K\5"] + good[i + 1:]
            add("r37_%s_wrong_%d" % (name, i), P(4) + made(wrong) + b".", FORBIDDEN, "arguments", ".".join(kind))
        add("r37_%s_short" % name, P(4) + made(good[:-1]) + b".", FORBIDDEN, "arguments", ".".join(kind))
        add("r37_%s_new" % name, P(4) + SG(*kind) + b")\x81.", FORBIDDEN, "arguments", ".".join(kind))
        for key in ("encoding", "object", "start", "end", "reason"):
            add("r37_%s_state_%s" % (name, key), P(4) + made(good) + b"}" + S(key) + far + b"sb.", FORBIDDEN, "state-kind", ".".join(kind))
        add("r37_%s_state_early" % name, P(4) + b"}" + S("start") + far + b"sq\x000" + made(good) + b"h\x00b.", FORBIDDEN, "state-kind", ".".join(kind))
        add("r37_%s_state_pair" % name, P(4) + made(good) + b"N}" + S("start") + far + b"s\x86b.", FORBIDDEN, "state-kind", ".".join(kind))
        add("r37_%s_state_notes" % name, P(4) + made(good) + b"}" + S("__notes__") + b"]" + why + b"asb.", ACCEPT, "accepted")
        add("r37_%s_state_none" % name, P(4) + made(good) + b"Nb.", ACCEPT, "accepted")
    add("r37_Decode_8bit", P(2) + G("exceptions", "UnicodeDecodeError") + b"(U\1uU\1xK\0K\1U\1rtR.", ACCEPT, "accepted")


def hashed_times():
    """Keys whose hash is that of numbers: equal, given again and again, or found by trying to collide with the others."""
    modulus = (1 << 61) - 1
    integer = lambda value: b"\x8a" + bytes([value.bit_length() // 8 + 1]) + value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    memo = P(4) + SG("datetime", "timedelta") + b"q\x000" + SG("datetime", "timezone") + b"q\x010" + SG("datetime", "datetime") + b"q\x020" + \
        SG("datetime", "time") + b"q\x030}("
    delta = lambda *parts: b"h\x00" + b"".join(map(integer, parts)) + b"\x87R"
    zone = lambda *parts: b"h\x01" + delta(*parts) + b"\x85R"
    at = lambda year, month, day, second, micro: B(struct.pack(">HBB", year, month, day) + clock(second, micro))
    clock = lambda second, micro: bytes((second // 3600, second // 60 % 60, second % 60)) + micro.to_bytes(3, "big")
    # Each with the tuple that CPython hashes in its place; found so that an integer has the same hash.
    rows = (("delta", lambda n: delta(-5, 7, n), lambda n: (-5, 7, n)), ("delta_wide", lambda n: delta(0, 86400 * 3 + 9, -n), lambda n: (2, 86400 + 8, 10 ** 6 - n)),
            ("zone", lambda n: zone(0, 3600, n), lambda n: (0, 3600, n)),
            ("west", lambda n: b"h\x02" + at(2024, 3, 9, 43506, n) + zone(-1, 79200, 0) + b"\x86R", lambda n: (738954, 43506 + 7200, n)),
            ("east", lambda n: b"h\x02" + at(1900, 1, 1, 5, n) + zone(0, 7200, 0) + b"\x86R", lambda n: (693595, 5 + 86400 - 7200, n)),
            ("fold", lambda n: b"h\x02" + at(2000, 0x82, 29, 86399, n) + zone(0, 0, 5) + b"\x86R", lambda n: (730179, 86399, n - 5)),
            ("time", lambda n: b"h\x03" + B(clock(11045, n)) + zone(-1, 79200, 0) + b"\x86R", lambda n: (0, 11045 + 7200, n)),
            ("time_before", lambda n: b"h\x03" + B(clock(45, n)) + zone(0, 7200, 0) + b"\x86R", lambda n: (-1, 45 + 86400 - 7200, n)))
    for name, make, stand_in in rows:
        if name == "delta_wide":
            stand_in = lambda n: (3, 8, 10 ** 6 - n)
        n = next(n for n in range(6, 10 ** 5) if 0 < hash(stand_in(n)) < modulus)
        for verdict, start, step in (("equal", hash(stand_in(n)), modulus), ("other", hash(stand_in(n)), 0x123456789abcd)):
            numbers = b"".join(integer(start + k * step) + b"N" for k in range(1, 173))
            add("r38_%s_%s" % (name, verdict), memo + numbers + (make(n) + b"N") * 172 + b"u.", *((LIMIT, "key-collisions") if verdict == "equal" else (ACCEPT, "accepted")))
    berlin = SG("zoneinfo", "ZoneInfo._unpickle") + S("Europe/Berlin") + b"\x88\x86Rq\x040"
    local = lambda n: b"h\x02" + at(2020, 10, 25, 9000, n) + b"h\x04\x86RN"
    add("r38_zone_again", memo[:-2] + berlin + b"}(" + local(7) * 500 + b"u.", LIMIT, "key-collisions")
    add("r38_zone_differing", memo[:-2] + berlin + b"}(" + b"".join(map(local, range(500))) + b"u.", ACCEPT, "accepted")
    add("r38_naive_again", memo + (b"h\x02" + at(2020, 10, 25, 9000, 7) + b"\x85RN") * 500 + b"u.", ACCEPT, "accepted")
    narrow = lambda n: b"h\x04K\1M" + struct.pack("<H", n) + b"\x86\x81N"
    hashed = SG("app", "Hashed") + b"q\x040}("
    add("r38_narrow_again", memo[:-2] + hashed + narrow(7) * 500 + b"u.", LIMIT, "key-collisions")
    add("r38_narrow_differing", memo[:-2] + hashed + b"".join(map(narrow, range(500))) + b"u.", ACCEPT, "accepted")
    add("r38_narrow_text_again", memo[:-2] + hashed + narrow(7).replace(b"K\1", S("x")) * 500 + b"u.", ACCEPT, "accepted")
    add("r38_delta_of_floats", memo + (b"h\x00G" + struct.pack(">d", 0.5) + b"\x85RN") * 8193 + b"u.", LIMIT, "key-opaque-max")


def logged_errors():
    """What traceback does with an ImportError and a SyntaxError: imports, and draws carets."""
    for kind in ("ImportError", "ModuleNotFoundError"):
        made = SG("builtins", kind) + S("m") + b"\x85R"
        full = "builtins." + kind
        add("r42_%s" % kind, P(4) + made + b"}(" + S("name") + S("os") + S("path") + S("f") + b"ub.", ACCEPT, "accepted")
        add("r42_%s_from" % kind, P(4) + made + b"}(" + S("name") + S("this") + S("name_from") + S("x") + b"ub.", FORBIDDEN, "state-kind", full)
        add("r42_%s_from_none" % kind, P(4) + made + b"}(" + S("name") + S("this") + S("name_from") + b"Nub.", ACCEPT, "accepted")
        add("r42_%s_from_late" % kind, P(4) + made + b"}" + S("name_from") + b"Ns" + S("name_from") + S("x") + b"sb.", FORBIDDEN, "state-kind", full)
        add("r42_%s_from_early" % kind, P(4) + b"}" + S("name_from") + S("x") + b"sq\x000" + made + b"h\x00b.", FORBIDDEN, "state-kind", full)
        add("r42_%s_from_escaped" % kind, P(2) + G("builtins", kind) + b"V\\u006d\n\x85R}Vname\nVthis\nsVname_\\u0066rom\nVx\nsb.", FORBIDDEN, "state-kind", full)
        add("r42_%s_walks" % kind, P(4) + SG("builtins", kind) + SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85R\x85R.", LIMIT, "heap")
    far = b"J\1\0\1\0"
    good = [S("f"), b"K\1", b"K\2", S("a b"), b"K\1", b"K\3"]
    for kind in ("SyntaxError", "IndentationError", "TabError"):
        full = "builtins." + kind
        made = lambda parts: SG("builtins", kind) + S("m") + b"(" + b"".join(parts) + b"t\x86R"
        add("r42_%s" % kind, P(4) + made(good) + b".", ACCEPT, "accepted")
        add("r42_%s_places" % kind, P(4) + made([S("f"), b"N", b"M\xff\xff", b"N", b"N", b"J\xff\xff\xff\xff"]) + b".", ACCEPT, "accepted")
        for i in (2, 5):
            for name, wrong in (("far", far), ("before", b"J\xff\xff\xfe\xff"), ("long", b"\x8a\x09" + b"\1" * 9), ("list", b"]")):
                add("r42_%s_%s_%d" % (kind, name, i), P(4) + made(good[:i] + [wrong] + good[i + 1:]) + b".", FORBIDDEN, "arguments", full)
        add("r42_%s_line_list" % kind, P(4) + made([S("f"), b"]"] + good[2:]) + b".", FORBIDDEN, "arguments", full)
        for name, place in (("listed", b"](" + b"".join(good[:5]) + far + b"e"), ("empty_list", b"]"), ("text", S("abcdef"))):
            add("r42_%s_place_%s" % (kind, name), P(4) + SG("builtins", kind) + S("m") + place + b"\x86R.", FORBIDDEN, "arguments", full)
        add("r42_%s_three" % kind, P(4) + SG("builtins", kind) + S("m") + b")N\x87R.", FORBIDDEN, "arguments", full)
        for key in ("offset", "end_offset", "lineno", "end_lineno"):
            add("r42_%s_state_%s" % (kind, key), P(4) + made(good) + b"}" + S(key) + far + b"sb.", FORBIDDEN, "state-kind", full)
        add("r42_%s_state_notes" % kind, P(4) + made(good) + b"}" + S("__notes__") + b"]" + S("n") + b"asb.", ACCEPT, "accepted")


def moments():
    """Dates and times in bytes, of which CPython looks at the month and the hour."""
    day, noon = b"\x07\xe8\x02\x1d", b"\x0c\0\0\0\0\0"
    rows = [("date", day, True), ("date", b"\0\0\1\0", False), ("date", b"\0\0\1\1", False), ("date", b"\x07\xe9\x02\x1d", False),
            ("date", b"\x27\x0f\x0c\x1f", True), ("date", b"\x27\x10\1\1", False), ("date", b"\x07\xe8\4\x1f", False), ("date", b"\x07\xe8\0\1", False),
            ("date", b"\x07\xe8\x0d\1", False), ("date", b"\x07\x6c\2\x1d", False), ("date", b"\x07\xd0\2\x1d", True), ("date", b"\x07\xe8\2\0", False),
            ("time", noon, True), ("time", b"\x97\x3b\x3b\x0f\x42\x3f", True), ("time", b"\x18\0\0\0\0\0", False), ("time", b"\0\x3c\0\0\0\0", False),
            ("time", b"\0\0\x3c\0\0\0", False), ("time", b"\0\0\0\x0f\x42\x40", False), ("datetime", day + noon, True),
            ("datetime", b"\0\0\1\0" + noon, False), ("datetime", day + b"\0\0\x3c\0\0\0", False), ("datetime", b"\x07\xe8\x82\x1d" + noon, True)]
    for number, (kind, raw, good) in enumerate(rows):
        verdict = (ACCEPT, "accepted") if good else (FORBIDDEN, "arguments", "datetime." + kind)
        name = "r42_%s_%d" % (kind, number)
        text = raw.decode("latin-1").encode("utf-8")
        encoded = G("_codecs", "encode") + b"X" + struct.pack("<I", len(text)) + text + b"X\6\0\0\0latin1\x86R"
        add(name, P(4) + SG("datetime", kind) + B(raw) + b"\x85R.", *verdict)
        add(name + "_encoded", P(2) + G("datetime", kind) + encoded + b"\x85R.", *verdict)
        add(name + "_8bit", P(2) + G("datetime", kind) + b"U" + bytes([len(raw)]) + raw + b"\x85R.", *verdict)
        escapes = b"".join(b"\\x%02x" % byte for byte in raw)
        add(name + "_escaped", G("datetime", kind) + b"(S'" + escapes + b"'\ntR.", *verdict)
    bad, good = B(b"\0\0\1\0" + noon), B(day + noon)
    add("r42_again", P(4) + SG("datetime", "datetime") + b"q\x000(h\x00" + good + b"\x85Rh\x00" + good + b"\x85Rh\x00" + bad + b"\x85Rt.",
        FORBIDDEN, "arguments", "datetime.datetime")
    add("r42_numbers", P(4) + SG("datetime", "datetime") + b"M\xe8\x07K\2K\x1d\x87R.", ACCEPT, "accepted")
    add("r42_other_length", P(4) + SG("datetime", "datetime") + B(b"x") + b"\x85R.", ACCEPT, "accepted")


def memoryviews():
    """A model of django makes attributes of pairs that its state lists."""
    made = SG("django.db.models.base", "model_unpickle") + S("auth") + S("User") + b"\x86\x85R"
    state = lambda pairs: P(4) + made + b"}" + S("_memoryview_attrs") + pairs + b"sb."
    pair = S("data") + B(b"x") + b"\x86"
    refused = FORBIDDEN, "state-key"
    add("r42_views", state(b"](" + pair * 2 + b"e"), ACCEPT, "accepted")
    add("r42_views_most", state(b"](" + pair * 64 + b"e"), ACCEPT, "accepted")
    add("r42_views_more", state(b"](" + pair * 65 + b"e"), *refused)
    add("r42_views_tuple", state(b"(" + pair + b"t"), *refused)
    add("r42_views_dag", state(b"](N\x85" + b"2\x86" * 12 + B(b"x") + b"\x86e"), *refused)
    add("r42_views_text", state(b"](" + S("ab") + b"e"), *refused)
    add("r42_views_early", P(4) + b"](" + pair + b"eq\x000" + made + b"}" + S("_memoryview_attrs") + b"h\x00sb.", *refused)
    shared = P(4) + SG("django.db.models.base", "model_unpickle") + b"q\x000" + S("auth") + S("User") + b"\x86\x85q\x010](" + pair * 64 + b"eq\x020" + S("_memoryview_attrs") + b"q\x030("
    add("r42_views_shared", shared + b"h\x00h\x01R}h\x03h\x02sb" * 2500 + b"t.", LIMIT, "heap")
    add("r42_views_late", P(4) + made + b"}" + S("_memoryview_attrs") + b"]q\x00sh\x00(" + pair * 65 + b"e0b.", LIMIT, "expanded-max")


def generators():
    """Where a random generator stands in its table, which numpy before 2.5 takes from the state unchecked."""
    name = "numpy.random._pickle.%s"
    bits, state = "__bit_generator_ctor", "__randomstate_ctor"
    made = lambda maker: SG("numpy.random._pickle", maker) + S("MT19937") + b"\x85R"
    outer = lambda inner, more=b"": b"}(" + S("bit_generator") + S("MT19937") + S("state") + inner + more + b"u"
    inner = lambda pos: b"}" + S("pos") + pos + b"s"
    for maker in (bits, state, "__generator_ctor"):
        refused = FORBIDDEN, "state-kind", name % maker
        for at, (pos, good) in enumerate(((b"K\0", True), (b"M\x70\2", True), (b"M\x71\2", False), (b"J\xff\xff\xff\xff", False), (b"J\0\0\0\x80", False),
                                          (b"\x8a\x09" + b"\1" * 9, False), (b"\x88", False), (b"N", False), (b"G" + b"\0" * 8, False), (b"]", False))):
            add("r43_%s_%d" % (maker.strip("_"), at), P(4) + made(maker) + outer(inner(pos)) + b"b.", *((ACCEPT, "accepted") if good else refused))
        for at, (pos, good) in enumerate(((b"K\4", True), (b"K\5", False), (b"J\xff\xff\xff\xff", False))):
            add("r43_%s_buffer_%d" % (maker.strip("_"), at), P(4) + made(maker) + outer(b"}", S("buffer_pos") + pos) + b"b.", *((ACCEPT, "accepted") if good else refused))
    refused = FORBIDDEN, "state-kind", name % bits
    far, near = inner(b"M\xff\xff"), inner(b"K\1")
    add("r43_seeded", P(4) + made(bits) + outer(near) + b"N\x86b.", ACCEPT, "accepted")
    add("r43_seeded_far", P(4) + made(bits) + outer(far) + b"N\x86b.", *refused)
    add("r43_alone_far", P(4) + made(bits) + far + b"b.", *refused)
    add("r43_vector", P(4) + made(bits) + outer(b"}" + S("state") + b"]s") + b"b.", ACCEPT, "accepted")
    add("r43_escaped", P(2) + G("numpy.random._pickle", bits) + b"(VMT19937\ntR}Vst\\u0061te\n}Vp\\u006fs\nM\xff\xffssb.", *refused)
    add("r43_8bit", P(2) + G("numpy.random._pickle", bits) + b"(VMT19937\ntR}U\5state}U\3posM\xff\xffssb.", *refused)
    add("r43_late", P(4) + made(bits) + b"}" + S("state") + b"}q\0sh\0" + S("pos") + b"M\xff\xffs0b.", *refused)
    add("r43_twice", P(4) + made(bits) + outer(b"}" + S("pos") + b"M\xff\xffs" + S("pos") + b"K\1s") + b"b.", *refused)
    add("r43_other_first", P(4) + made(bits) + outer(far, S("state") + near) + b"b.", *refused)
    add("r43_other_list", P(4) + made(bits) + outer(b"]") + b"b.", *refused)
    row = SG("numpy.core.multiarray", "scalar") + DTYPE + B(b"x" * 8) + b"\x86R"
    add("r43_row", P(4) + made(bits) + outer(row) + b"b.", *refused)
    add("r43_text_of_numpy", P(4) + made(bits) + outer(b"}" + SG("numpy.core.multiarray", "scalar") + SG("numpy", "dtype") + S("U3") + b"\x89\x88\x87R" +
        B("pos".encode("utf-32-le")) + b"\x86RM\xff\xffs") + b"b.", *refused)
    add("r43_early", P(4) + outer(far) + b"q\x000" + made(bits) + b"h\0b.", *refused)
    add("r43_early_inner", P(4) + far + b"q\x000" + made(bits) + outer(b"h\0") + b"b.", *refused)
    add("r43_between", P(4) + made(bits) + outer(near) + b"}" + S("state") + b"}s0b.", *refused)
    add("r43_list", P(4) + made(bits) + b"](" + S("MT19937") + b"NK\1eb.", *refused)
    add("r43_empty", P(4) + made(bits) + b")b.", *refused)
    add("r43_instance_first", P(4) + made(bits) + SG("collections", "OrderedDict") + b")RN\x86b.", *refused)
    add("r43_tuple", P(4) + made(bits) + b"(" + S("MT19937") + b"NK\1K\0K\0tb.", ACCEPT, "accepted")
    add("r43_tuple_far", P(4) + made(bits) + b"(" + S("MT19937") + b"NM\x71\2K\0K\0tb.", *refused)
    add("r43_tuple_short", P(4) + made(bits) + b"(" + S("MT19937") + b"Ntb.", *refused)
    add("r43_tuple_in_tuple", P(4) + made(bits) + b"(" + S("MT19937") + b"NM\xff\xfftN\x86b.", *refused)
    add("r43_none", P(4) + made("__generator_ctor") + b"Nb.", ACCEPT, "accepted")


def groups():
    """traceback makes an object of each exception in an ExceptionGroup, as often as it stands there."""
    group, error = SG("builtins", "ExceptionGroup"), SG("builtins", "ValueError") + b")R"
    def nested(levels, group=group, wide=2):
        level = group + S("m") + b"](" + b"h\0" * wide + b"e\x86Rq\x000"
        return P(4) + error + b"q\x000" + level * levels + b"h\0."
    full = "builtins.ExceptionGroup"
    add("r44_plain", P(4) + group + S("m") + b"]" + error + b"a\x86R.", ACCEPT, "accepted")
    add("r44_tuple", P(4) + group + S("m") + error + b"\x85\x86R.", ACCEPT, "accepted")
    add("r44_few_levels", nested(8), ACCEPT, "accepted")
    add("r44_levels", nested(22), LIMIT, "heap")
    add("r44_base", nested(22, SG("builtins", "BaseExceptionGroup")), LIMIT, "heap")
    add("r44_many_levels", nested(60), LIMIT, "heap")
    add("r44_twice_held", P(4) + error + b"q\x000" + (group + S("m") + b"](h\0e\x86Rq\x000" + SG("app", "User") + b"h\0h\0\x86\x81q\x000") * 20 + b"h\0.", LIMIT, "heap")
    add("r44_wide", nested(1, wide=10000), ACCEPT, "accepted")
    add("r44_wide_again", nested(2, wide=1000), LIMIT, "heap")
    deep = error + b"q\0020" + (group + S("m") + b"](h\2h\2e\x86Rq\0020") * 12 + b"h\0("
    late = lambda times: P(4) + S("m") + b"]q\0\x86q\x010" + deep + b"h\2" * times + b"e0" + group + b"h\1R."
    add("r44_grown_in_tuple", late(1), ACCEPT, "accepted")
    add("r44_grown_in_tuple_more", late(3), LIMIT, "heap")
    add("r44_made", P(4) + group + S("m") + b"]" + error + b"a\x86\x81.", FORBIDDEN, "arguments", full)
    for name, arguments in (("text", S("m") + S("m") + b"\x86"), ("set", S("m") + b"\x8f\x86"), ("number", b"K\1]\x86"), ("one", S("m") + b"\x85"),
                            ("instance", S("m") + SG("collections", "deque") + b")R\x86"), ("three", S("m") + b"]N\x87")):
        add("r44_of_" + name, P(4) + group + arguments + b"R.", FORBIDDEN, "arguments", full)
    add("r44_walks", P(4) + group + S("m") + b"]" + error + b"a\x86R}" + S("args") + SG("builtins", "range") + b"J\xff\xff\xff\x7f\x85Rsb.", LIMIT, "heap")


def write(folder, check):
    here = folder.path
    missing = too_few(folder.expected) if folder is PICKLES else []
    if missing:
        print("too few:", *missing, sep="\n  ")
        return 1
    lines = ["# file, class, rule, global.  Written by tests/tools/pickle_corpus.py; judged under POLICY.\n"]
    lines += ["%s %s %s %s\n" % (n, v, r, g.replace(" ", "\\x20")) for n, v, r, g in folder.expected]
    wanted = {name + ".pkl": data for name, data in folder.files.items()}
    wanted["EXPECTED"] = "".join(lines).encode()
    if check:
        found = {n: open(os.path.join(here, n), "rb").read() for n in os.listdir(here) if n == "EXPECTED" or n[:1] in "acpjr" and n.endswith(".pkl")}
        wrong = sorted(set(wanted) ^ set(found) | {n for n in wanted if wanted[n] != found.get(n)})
        print("stale:", *wrong) if wrong else print("%d files as expected" % len(wanted))
        return 1 if wrong else 0
    os.makedirs(here, exist_ok=True)
    for name, data in wanted.items():
        with open(os.path.join(here, name), "wb") as file:
            file.write(data)
    print(len(wanted), "files,", sum(map(len, wanted.values())), "bytes")
    return 0


def main(check):
    for part in (imports, names, memo, operands, calls, state, outside, broken, containers, keys, resources, laughs_and_floods, arguments,
                 numpy_dtypes, dunders, wrapped_and_paired, pandas_caches, wide, wrapped, index_dtypes, range_indexes, cookies, results, array_streams,
                 long_integers, brackets, array_protocols, walked, masked, handed_on, copied_and_kept, kept_errors, weights, known_hashes, called_and_kept,
                 functions_inside, unicode_errors, hashed_times, strides_and_comparisons,
                 logged_errors, moments, memoryviews, generators, groups):
        part()
    return write(PICKLES, check) | write(ARRAY_STREAMS, check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] == ["--check"]))
