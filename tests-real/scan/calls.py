"""Malicious pickles: every way to name something and to call it, alone and in chains.

Never here: streams, encodings and containers (`streams.py`, `hidden.py`, `boxes.py`).
To add a way: a case in one of the functions that `cases` joins.
"""

import marshal

from scan.case import CODE, COMMAND, MARKER, SOURCE, Case
from scan.opcodes import (
    APPENDS, BUILD, CALLS, DUP, EMPTY_TUPLE, MARK, MEMOIZE, NEWOBJ, NEWOBJ_EX, POP, REDUCE, SETITEMS, STOP, Ops, Writer,
    call, data, framed, get, group, lit, name, of, ops, put, stacked, whole, word,
)
from scan.reach import REACH

CODE_OBJECT = marshal.dumps(compile(SOURCE, "model", "exec"))


def cases(seed: int) -> list[Case]:
    made = [*reached(seed), *every_way(seed), *names_bent(), *chains(), *objects(), *registries()]
    return made


def reached(seed: int) -> list[Case]:
    """Each thing that can be reached, by a way that the seed picks, among entries that look like a model's."""
    made = []
    for technique, rows in REACH.items():
        for module, attribute, arguments in rows:
            writer = Writer(f"{seed} {module} {attribute}")
            body = writer.call(module, attribute, arguments)
            raw = writer.dressed(body)
            ending = writer.chance.choice(["pkl", "pickle", "bin", "dat", "model", "p"])
            made.append(Case(technique, f"{module}.{attribute}.{ending}".replace("/", "-"), raw))
    return made


def every_way(seed: int) -> list[Case]:
    """Two dangerous calls by each way to write a call, in each protocol that has it."""
    made = []
    for way in CALLS:
        for version in (0, 2, 4):
            writer = Writer(f"{seed} {way} {version}")
            module, attribute, argument = [("os", "system", COMMAND), ("builtins", "exec", CODE)][version == 2]
            body = writer.call(module, attribute, (argument,), way)
            raw = bytes(ops(body, STOP)) if version == 0 else framed(body) if version == 4 else whole(body)
            made.append(Case("written another way", f"{way}-{version}.pkl", raw))
    system = name("os", "system")
    doubled = ops(word(COMMAND), DUP, POP, b"\x85", MEMOIZE, POP, system, get(0), REDUCE)
    swapped = ops(system, MARK, word(COMMAND), b"t", REDUCE)
    long_tuple = ops(stacked("os", "spawnlp", "eight"), MARK, lit(0), *(word(one, "line") for one in ("touch", "touch", MARKER)), b"t", REDUCE)
    marked = ops(MARK, word("filler"), b"1", system, group([word(COMMAND)]), REDUCE)
    unused = ops(of("os", "system", COMMAND), POP, lit({"weights": [1.0]}))
    made += [
        Case("written another way", "argument-through-memo.pkl", framed(doubled)),
        Case("written another way", "tuple-by-mark.pkl", whole(swapped)),
        Case("written another way", "eight-byte-strings.pkl", framed(long_tuple)),
        Case("written another way", "after-pop-mark.pkl", whole(marked)),
        Case("written another way", "result-thrown-away.pkl", whole(unused)),
        Case("written another way", "as-a-key.pkl", whole(ops(b"}", of("os", "system", COMMAND), lit(1), b"s"))),
        Case("written another way", "in-a-set.pkl", framed(ops(b"\x8f", MARK, of("os", "system", COMMAND), b"\x90"))),
        Case("written another way", "in-a-frozenset.pkl", framed(ops(MARK, of("os", "system", COMMAND), b"\x91"))),
    ]
    return made


def names_bent() -> list[Case]:
    """A name that is not the one it seems: dotted through a harmless module, another module's copy, unicode, escapes."""
    through = [
        ("shutil", "os.system"), ("collections", "_sys.modules.get"), ("numpy", "os.system"), ("torch", "os.system"),
        ("torch.serialization", "os.system"), ("sklearn.utils", "os.system"), ("joblib.numpy_pickle", "os.system"),
        ("pandas.io.common", "os.system"), ("numpy.lib.npyio", "os.system"), ("collections", "abc.sys.modules"),
        ("datetime", "sys.modules.get"), ("copyreg", "__builtins__.get"), ("logging", "os.system"), ("random", "_os.system"),
        ("numpy._core.multiarray", "os.system"), ("builtins", "object.__subclasses__"), ("sklearn", "__builtins__.eval"),
        ("collections", "OrderedDict.__init__.__globals__.get"), ("numpy.core.numeric", "builtins.eval"),
    ]
    made = [
        Case("name bent", f"{module}-{attribute}.pkl", framed(ops(stacked(module, attribute), group([word(COMMAND)]), REDUCE)))
        for module, attribute in through
    ]
    escaped = ops(b"V\\u006f\\u0073\n", b"V\\u0073ystem\n", b"\x93", group([word(COMMAND)]), REDUCE)
    quoted = ops(b"S'\\x6fs'\n", b"S\"sys\\x74em\"\n", b"\x93", group([word(COMMAND)]), REDUCE)
    made += [
        Case("name bent", "unicode-escapes.pkl", framed(escaped)),
        Case("name bent", "hex-escapes.pkl", framed(quoted)),
        Case("name bent", "computed.pkl", framed(ops(word("os"), joined("sys", "tem"), b"\x93", group([word(COMMAND)]), REDUCE))),
        Case("name bent", "computed-module.pkl", framed(ops(joined("o", "s"), word("system"), b"\x93", group([word(COMMAND)]), REDUCE))),
    ]
    return made


def joined(*parts: str) -> Ops:
    """A word that only exists once the pickle runs."""
    return call(stacked("builtins", "str.join"), "", list(parts))


def chains() -> list[Case]:
    """Several harmless-looking calls that come to one that is not."""
    os_module = of("importlib", "import_module", "os")
    system = of("builtins", "getattr", os_module, "system")
    builtins = of("builtins", "__import__", "builtins")
    namespace = of("builtins", "getattr", of("builtins", "globals"), "get")
    code = of("marshal", "loads", CODE_OBJECT)
    partial = of("functools", "partial", name("os", "system"), COMMAND)
    globals_of = of("builtins", "getattr", of("builtins", "getattr", name("collections", "namedtuple"), "__globals__"), "get")
    subclasses = call(stacked("builtins", "object.__subclasses__"))
    rows = {
        "getattr-of-import": call(system, COMMAND),
        "getattr-twice": call(of("builtins", "getattr", builtins, "eval"), CODE),
        "globals-get": call(call(namespace, "exec"), CODE),
        "function-globals": call(call(globals_of, "__builtins__"), CODE),
        "attrgetter": call(call(of("operator", "attrgetter", "system"), os_module), COMMAND),
        "methodcaller": call(of("operator", "methodcaller", "system", COMMAND), os_module),
        "itemgetter-of-modules": call(of("operator", "itemgetter", "os"), name("sys", "modules")),
        "operator-call": of("operator", "call", name("os", "system"), COMMAND),
        "modules-get": call(of("builtins", "getattr", call(of("builtins", "getattr", name("sys", "modules"), "get"), "os"), "system"), COMMAND),
        "partial": call(partial),
        "partial-of-eval": call(of("functools", "partial", name("builtins", "eval"), CODE)),
        "reduce-getattr": of("functools", "reduce", name("builtins", "getattr"), ["system"], os_module),
        "map-in-list": of("builtins", "list", of("builtins", "map", name("os", "system"), [COMMAND])),
        "map-in-tuple": of("builtins", "tuple", of("builtins", "map", name("builtins", "exec"), [CODE])),
        "filter-in-set": of("builtins", "set", of("builtins", "filter", name("os", "system"), [COMMAND])),
        "starmap": of("collections", "deque", of("itertools", "starmap", name("os", "system"), [(COMMAND,)])),
        "accumulate": of("builtins", "list", of("itertools", "accumulate", [CODE, CODE], name("builtins", "eval"))),
        "sorted-by-key": of("builtins", "sorted", [COMMAND], name("os", "system")),
        "iter-with-sentinel": of("builtins", "list", of("builtins", "iter", partial, 0)),
        "defaultdict-factory": call(stacked("collections", "defaultdict.__missing__"), of("collections", "defaultdict", partial), "x"),
        "code-object": call(of("types", "FunctionType", code, {})),
        "exec-of-marshal": of("builtins", "exec", code),
        "exec-of-compile": of("builtins", "exec", of("builtins", "compile", SOURCE, "model", "exec")),
        "subclasses": call(stacked("builtins", "list.__getitem__"), subclasses, 132),
        "apply": of("__builtin__", "apply", name("os", "system"), (COMMAND,)),
        "vars-of-module": call(of("builtins", "getattr", of("builtins", "vars", os_module), "get"), "system"),
        "delegated-to-numpy": of("numpy", "vectorize", name("os", "system")),
        "numpy-apply": of("numpy", "apply_along_axis", name("builtins", "exec"), 0, [CODE]),
        "pandas-apply": call(stacked("pandas", "Series.apply"), of("pandas", "Series", [CODE]), name("builtins", "eval")),
        "type-with-methods": of("builtins", "type", "Model", (), {"__reduce__": name("os", "system")}),
        "thread-later": of("threading", "Timer", 0, name("os", "system"), [COMMAND]),
        "context-callback": call(stacked("contextlib", "ExitStack.callback"), None, name("os", "system"), COMMAND),
        "property-get": call(stacked("builtins", "property.__get__"), of("builtins", "property", name("os", "system")), COMMAND),
        "function-call-dunder": call(stacked("os", "system.__call__"), COMMAND),
        "bytes-to-file": call(stacked("_io", "FileIO.write"), of("_io", "FileIO", MARKER, "w"), b"x"),
        "object-getattribute": call(call(stacked("builtins", "object.__getattribute__"), os_module, "system"), COMMAND),
        "setattr-of-module": of("builtins", "setattr", of("importlib", "import_module", "json"), "loads", name("os", "system")),
        "delattr-of-module": of("builtins", "delattr", os_module, "system"),
    }
    return [Case("chain of calls", f"{key}.pkl", whole(body, 3)) for key, body in rows.items()]


def objects() -> list[Case]:
    """Objects whose making or whose state runs something: NEWOBJ, BUILD, slots, a hook that is set and then called."""
    hooked = ops(
        name("collections", "Counter"), EMPTY_TUPLE, NEWOBJ, lit({"__setstate__": name("os", "system")}), BUILD,
        word(COMMAND), BUILD,
    )
    mapped = ops(name("builtins", "map"), group([name("os", "system"), lit([COMMAND])]), NEWOBJ)
    drained = ops(name("builtins", "bytes"), group([mapped]), NEWOBJ)
    popen_ex = ops(name("subprocess", "Popen"), lit((["touch", MARKER],)), lit({"shell": False}), NEWOBJ_EX)
    partial_state = ops(
        of("functools", "partial", name("builtins", "len")),
        lit((name("os", "system"), (COMMAND,), {}, {})), BUILD, EMPTY_TUPLE, REDUCE,
    )
    slots = ops(
        name("collections", "OrderedDict"), EMPTY_TUPLE, REDUCE,
        lit((None, {"__class__": name("subprocess", "Popen")})), BUILD,
    )
    reconstructed = of("copyreg", "_reconstructor", name("subprocess", "Popen"), name("builtins", "object"), None)
    appended = ops(
        name("acme", "Journal"), EMPTY_TUPLE, NEWOBJ, lit({"append": name("os", "system")}), BUILD, word(COMMAND), b"a",
    )
    set_items = ops(
        name("acme", "Table"), EMPTY_TUPLE, NEWOBJ, lit({"__setitem__": name("os", "system")}), BUILD,
        MARK, word(COMMAND), lit(1), SETITEMS,
    )
    extended = ops(
        name("acme", "Journal"), EMPTY_TUPLE, NEWOBJ, lit({"extend": name("builtins", "exec")}), BUILD,
        MARK, word(CODE), APPENDS,
    )
    module_state = ops(of("importlib", "import_module", "json"), lit({"loads": name("os", "system")}), BUILD)
    estimator = ops(
        name("sklearn.preprocessing._function_transformer", "FunctionTransformer"), EMPTY_TUPLE, NEWOBJ,
        lit({"func": name("os", "system"), "inverse_func": None, "validate": False}), BUILD,
    )
    rows = {
        "setstate-set-then-called": hooked,
        "map-drained-by-bytes": drained,
        "newobj-ex-popen": popen_ex,
        "partial-given-state": partial_state,
        "class-changed-by-slots": slots,
        "reconstructor-of-popen": reconstructed,
        "append-hook": appended,
        "setitem-hook": set_items,
        "extend-hook": extended,
        "module-overwritten": module_state,
        "estimator-with-a-dangerous-function": estimator,
    }
    return [Case("object that runs", f"{key}.pkl", framed(body)) for key, body in rows.items()]


def registries() -> list[Case]:
    """What a pickle names by a number or by an identity that only its reader knows."""
    registered = ops(of("copyreg", "add_extension", "os", "system", 7), POP, b"\x82\x07", group([word(COMMAND)]), REDUCE)
    tracker = ops(b"\x82\xf0", group([word(COMMAND)]), REDUCE)
    two = ops(b"\x83\x10\x20", group([word(COMMAND)]), REDUCE)
    four = ops(b"\x84\x01\x00\x00\x10", group([word(COMMAND)]), REDUCE)
    by_word = ops(b"Pos.system\n", group([word(COMMAND)]), REDUCE)
    by_value = ops(lit(("module", "os", "system")), b"Q", group([word(COMMAND)]), REDUCE)
    buffer = ops(b"\x97", group([word(COMMAND)]), REDUCE)
    rows = {
        "registered-then-used.pkl": (registered, "flagged"),
        "ext1-unregistered.pkl": (tracker, "not clean"),
        "ext2-unregistered.pkl": (two, "not clean"),
        "ext4-unregistered.pkl": (four, "not clean"),
        "persistent-id-by-line.pkl": (by_word, "not clean"),
        "persistent-id-by-value.pkl": (by_value, "not clean"),
        "out-of-band-buffer-called.pkl": (buffer, "not clean"),
    }
    return [Case("number or identity", key, framed(data(b"") + POP + body), wanted) for key, (body, wanted) in rows.items()]
