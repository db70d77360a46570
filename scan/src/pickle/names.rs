//! What a name in a pickle means: known to be harmless, known to run something, or known to nobody.
//!
//! The lists are data (`allowed.txt`, `danger.txt`). The nearest module decides: a row of a module itself before a row of
//! what is above it, a dangerous name before an allowed one. What stands nowhere is never clean.
//! Never here: what happens when a name is called (see `calls`). To add one: a row in a list.

use std::{collections::BTreeMap, sync::LazyLock};

/// What a condition of an allowed name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The first argument is an allowed name that may be called itself.
    First,
    /// The first argument, if there is one, is an allowed name.
    Named,
    /// No argument is a name or the result of a call.
    Plain,
    /// One plain argument.
    Type,
    /// An allowed name and a literal attribute without underscores in front.
    Getattr,
    /// A text and a codec that only turns letters into bytes.
    Encode,
    /// A data type and its bytes; not Python objects.
    Scalar,
    /// A module of numpy or scipy as a literal.
    Ufunc,
    /// The name of a time zone, no path.
    Zone,
    /// Bytes that are themselves a file of torch: they are examined.
    Nested,
}

/// What a known-bad name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// Runs commands or code.
    Run,
    /// Loads more code or pickles.
    Load,
    /// Speaks to the network.
    Net,
    /// Opens or changes files.
    File,
    /// Reaches anything by its name.
    Reach,
    /// Builds functions out of bytes.
    Code,
}

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may be called with anything.
    Make,
    /// It may be named, not called.
    Refer,
    /// It may be called if the rule holds.
    When(Rule),
    /// It stands in the program that wrote the file.
    Local,
    /// Nobody here knows it.
    Foreign,
    /// It is known to be dangerous.
    Danger(Deed),
}

/// Names that allowed libraries import from elsewhere and that are no model's class.
const BORROWED: &[&str] = &[
    "BatchCompletionCallBack",
    "CDLL",
    "DirectoryIterator",
    "FileIO",
    "InteractiveConsole",
    "InteractiveInterpreter",
    "Memory",
    "ModuleType",
    "FunctionType",
    "CodeType",
    "MethodType",
    "NamedTemporaryFile",
    "Parallel",
    "Pdb",
    "Popen",
    "Pool",
    "Process",
    "ProcessPoolExecutor",
    "PyDLL",
    "TemporaryDirectory",
    "Thread",
    "ThreadPoolExecutor",
    "Timer",
    "Unpickler",
    "WinDLL",
    "ZipFile",
];

/// Pieces of a dotted name that lead out of any module.
const OUTWARD: &[&str] = &[
    "os",
    "sys",
    "subprocess",
    "system",
    "popen",
    "exec",
    "eval",
    "builtins",
    "importlib",
    "modules",
    "__builtins__",
    "__globals__",
    "__import__",
    "__class__",
    "__subclasses__",
    "__mro__",
    "__dict__",
    "__code__",
    "__init__",
    "__getattribute__",
    "__loader__",
    "__reduce__",
    "__call__",
    "func_globals",
    "runpy",
    "pickle",
    "ctypes",
    "socket",
    "shutil",
    "posix",
    "pty",
];

type Rows = BTreeMap<&'static str, Vec<&'static str>>;

/// LIMIT: pieces of a dotted name that are looked at one after the other; classes inside classes have four. What has more
/// is a way to somewhere, and nothing that data names.
const PIECES: usize = 16;

struct Lists {
    /// Bytes of the longest module: what is longer stands in none of them.
    longest: usize,
    /// Rows of a module alone.
    exact: Rows,
    /// Rows of a module and all below it.
    below: Rows,
    danger: BTreeMap<&'static str, Vec<(Deed, Vec<&'static str>)>>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let (exact, below, danger) = (Rows::new(), Rows::new(), BTreeMap::new());
    let mut lists = Lists { longest: 0, exact, below, danger };
    for (module, names) in rows(include_str!("allowed.txt")) {
        let (map, module) = match module.strip_suffix(".*") {
            Some(above) => (&mut lists.below, above),
            None => (&mut lists.exact, module),
        };
        map.entry(module).or_default().extend(names);
    }
    for (kind, mut names) in rows(include_str!("danger.txt")) {
        let deed = match kind {
            "load" => Deed::Load,
            "net" => Deed::Net,
            "file" => Deed::File,
            "reach" => Deed::Reach,
            "code" => Deed::Code,
            _ => Deed::Run,
        };
        if let Some(module) = names.next() {
            lists.danger.entry(module).or_default().push((deed, names.collect()));
        }
    }
    let modules = lists.exact.keys().chain(lists.below.keys()).chain(lists.danger.keys());
    lists.longest = modules.map(|module| module.len()).max().unwrap_or(0);
    lists
});

fn rows(
    text: &'static str,
) -> impl Iterator<Item = (&'static str, std::str::SplitWhitespace<'static>)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().map(|first| (first, words))
    })
}

/// A module and what is above it, the nearest first. What is too long for every list is left out: whoever wrote a file
/// chooses how long its names are, and looking each of a thousand pieces up costs seconds.
fn levels(module: &str) -> impl Iterator<Item = &str> {
    let first = if module.len() <= LISTS.longest {
        Some(module)
    } else {
        let head = module.as_bytes().iter().take(LISTS.longest + 1);
        head.copied().rposition(|byte| byte == b'.').and_then(|at| module.get(..at))
    };
    std::iter::successors(first, |level| level.rsplit_once('.').map(|(above, _)| above))
}

/// What a module's name is.
pub(crate) fn standing(module: &str, name: &str) -> Standing {
    let mut whole = None;
    for level in levels(module) {
        let rows = LISTS.danger.get(level).map(Vec::as_slice).unwrap_or_default();
        for (deed, names) in rows {
            if names.is_empty() {
                whole = whole.or(Some(*deed));
            } else if level == module && names.contains(&name) {
                return Standing::Danger(*deed);
            }
        }
        let exact = if level == module { LISTS.exact.get(level) } else { None };
        let here = exact.into_iter().chain(LISTS.below.get(level)).flatten();
        if let Some(standing) = best(here, name) {
            return standing;
        }
        if let Some(deed) = whole {
            return Standing::Danger(deed);
        }
    }
    if let Some(deed) = dotted(module, name) {
        return Standing::Danger(deed);
    }
    if module == "__main__" || module == "__mp_main__" {
        Standing::Local
    } else {
        Standing::Foreign
    }
}

/// The best row of one level: a name itself before a pattern.
fn best<'r>(rows: impl Iterator<Item = &'r &'static str>, name: &str) -> Option<Standing> {
    let mut found = None;
    for row in rows {
        let (word, standing) = read(row);
        if word == name {
            return Some(standing);
        }
        let fits = match word {
            "*" => true,
            "Aa" => capitalized(name),
            // A module that a library imports is one of its names, too.
            "aa" => plain(name) && !capitalized(name) && !OUTWARD.contains(&name),
            "_gen" => plain(name) && (name.ends_with("_gen") || name.ends_with("_frozen")),
            "__pyx_unpickle" => plain(name) && name.starts_with(word),
            _ => false,
        };
        if fits {
            let standing = if word == "aa" { Standing::Refer } else { standing };
            // A narrower pattern that allows a call stands before the one for all other names.
            if found.is_none_or(|was| was == Standing::Refer) {
                found = Some(standing);
            }
        }
    }
    found
}

fn read(row: &'static str) -> (&'static str, Standing) {
    if let Some(word) = row.strip_suffix('=') {
        return (word, Standing::Refer);
    }
    let Some((word, rule)) = row.split_once('?') else {
        return (row, Standing::Make);
    };
    let rule = match rule {
        "first" => Rule::First,
        "named" => Rule::Named,
        "type" => Rule::Type,
        "getattr" => Rule::Getattr,
        "encode" => Rule::Encode,
        "scalar" => Rule::Scalar,
        "ufunc" => Rule::Ufunc,
        "zone" => Rule::Zone,
        "nested" => Rule::Nested,
        _ => Rule::Plain,
    };
    (word, Standing::When(rule))
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `LinearRegression`, `_Scorer`, `Outer.Inner`; nothing that is borrowed from elsewhere.
fn capitalized(name: &str) -> bool {
    name.split('.').all(|piece| {
        plain(piece)
            && piece.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase())
            && !piece.starts_with("__")
            && !BORROWED.contains(&piece)
    })
}

/// A dotted name reaches through its module: what it would be as a module of its own, and pieces that lead outward.
fn dotted(module: &str, name: &str) -> Option<Deed> {
    if !name.contains('.') && !name.starts_with("__") {
        return None;
    }
    if name.match_indices('.').nth(PIECES).is_some() {
        return Some(Deed::Reach);
    }
    for (at, _) in name.match_indices('.') {
        let (inner, rest) = name.split_at_checked(at)?;
        let rest = rest.trim_start_matches('.');
        for module in [format!("{module}.{inner}"), inner.to_owned()] {
            if let Standing::Danger(deed) = standing_flat(&module, rest) {
                return Some(deed);
            }
        }
    }
    name.split('.').any(|piece| OUTWARD.contains(&piece)).then_some(Deed::Reach)
}

/// Only the known-bad list, for the pieces of a dotted name.
fn standing_flat(module: &str, name: &str) -> Standing {
    for level in levels(module) {
        for (deed, names) in LISTS.danger.get(level).map(Vec::as_slice).unwrap_or_default() {
            if names.is_empty() || (level == module && names.contains(&name)) {
                return Standing::Danger(*deed);
            }
        }
    }
    Standing::Foreign
}

/// Whether a bare name in code is one that runs, loads or reaches outward: for the names inside a code object.
pub(crate) fn outward(name: &str) -> bool {
    const ALONE: &[&str] = &[
        "compile",
        "open",
        "__import__",
        "getattr",
        "setattr",
        "globals",
        "Popen",
        "urlopen",
        "urlretrieve",
        "spawn",
        "requests",
        "urllib",
        "base64",
        "check_output",
        "check_call",
        "marshal",
        "popen2",
        "execve",
        "fork",
        "connect",
        "loads",
    ];
    OUTWARD.contains(&name) || ALONE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_row_decides() {
        for (module, name, wanted) in [
            ("collections", "OrderedDict", Standing::Make),
            ("builtins", "exec", Standing::Danger(Deed::Run)),
            ("builtins", "getattr", Standing::When(Rule::Getattr)),
            ("builtins", "print", Standing::Refer),
            ("os", "system", Standing::Danger(Deed::Run)),
            ("os.path", "join", Standing::Danger(Deed::Run)),
            ("sklearn.linear_model._base", "LinearRegression", Standing::Make),
            ("sklearn.linear_model._base", "Popen", Standing::Refer),
            ("sklearn.tree._tree", "Tree", Standing::Make),
            ("sklearn._loss.link", "__pyx_unpickle_CyLink", Standing::Make),
            ("sklearn.metrics._dist_metrics", "newObj", Standing::When(Rule::First)),
            ("sklearn.datasets._base", "load_files", Standing::Danger(Deed::Run)),
            ("sklearn.tree._tree", "os.system", Standing::Danger(Deed::Run)),
            ("numpy", "load", Standing::Danger(Deed::Run)),
            ("numpy", "testing._private.utils.runstring", Standing::Danger(Deed::Run)),
            ("numpy.testing._private.utils", "runstring", Standing::Danger(Deed::Run)),
            ("numpy", "float64", Standing::Make),
            ("numpy", "unheard_of", Standing::Refer),
            ("scipy.stats._continuous_distns", "norm_gen", Standing::Make),
            ("torch.nn.modules.linear", "Linear", Standing::Make),
            ("torch", "float32", Standing::Refer),
            ("torch", "load", Standing::Danger(Deed::Load)),
            ("torch.hub", "load", Standing::Danger(Deed::Load)),
            ("torch.nn", "modules.os.system", Standing::Danger(Deed::Reach)),
            ("tensorflow.python.framework.dtypes", "DType", Standing::Make),
            ("tensorflow.io", "read_file", Standing::Danger(Deed::Load)),
            ("somebody.elses", "Thing", Standing::Foreign),
            ("__main__", "Thing", Standing::Local),
            ("__main__", "__builtins__.exec", Standing::Danger(Deed::Run)),
            ("zoneinfo", "ZoneInfo._unpickle", Standing::When(Rule::Zone)),
        ] {
            assert_eq!(standing(module, name), wanted, "{module}.{name}");
        }
    }

    #[test]
    fn the_levels_of_a_module_are_those_that_a_list_can_have() {
        assert_eq!(levels("a.b.c").collect::<Vec<_>>(), ["a.b.c", "a.b", "a"]);
        assert_eq!(levels("").collect::<Vec<_>>(), [""]);
        let long = format!("os.{}", "x".repeat(LISTS.longest));
        assert_eq!(levels(&long).collect::<Vec<_>>(), ["os"]);
        assert_eq!(standing(&long, "x"), Standing::Danger(Deed::Run));
        assert_eq!(levels(&"ä".repeat(LISTS.longest)).count(), 0);
        let exact = format!("{}.x", "y".repeat(LISTS.longest));
        assert_eq!(levels(&exact).collect::<Vec<_>>(), ["y".repeat(LISTS.longest)]);
        let dots = ".".repeat(100_000);
        assert!(levels(&dots).count() <= LISTS.longest + 1);
    }

    #[test]
    fn a_name_of_more_pieces_than_any_class_has_leads_somewhere() {
        let name = |pieces: usize| vec!["a"; pieces].join(".");
        assert_eq!(standing("somebody", &name(PIECES + 1)), Standing::Foreign);
        assert_eq!(standing("somebody", &name(PIECES + 2)), Standing::Danger(Deed::Reach));
    }

    #[test]
    fn every_row_is_read() {
        assert!(LISTS.exact.len() > 80 && LISTS.below.len() > 60 && LISTS.danger.len() > 200);
        for row in LISTS.exact.values().chain(LISTS.below.values()).flatten() {
            let rule = row.split_once('?').map(|(_, rule)| rule);
            let plain = rule.is_none_or(|rule| rule == "plain");
            assert!(
                plain || read(row).1 != Standing::When(Rule::Plain),
                "{row}: a rule without a meaning"
            );
        }
    }
}
