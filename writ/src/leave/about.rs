//! The letter that lies in a client's folder: what each file is, in plain words, and how to check it without anybody.
//!
//! Never here: a value that is not in the files beside it.

/// What the letter says of this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The client's name.
    pub name: String,
    /// Its lines.
    pub lines: u64,
    /// The key that signs its checkpoints.
    pub key: String,
    /// The fingerprint of its first person's first key, if it has one.
    pub root: Option<String>,
    /// How many witnesses cosign it.
    pub witnesses: usize,
    /// How many receipts are in it.
    pub receipts: usize,
    /// How many sealed records.
    pub records: u64,
}

impl About {
    /// The letter.
    pub fn letter(&self) -> String {
        let Self { name, lines, key, root, witnesses, receipts, records } = self;
        let pinned = match root {
            Some(root) => format!(
                "Your root of trust is the first key of your first person. Its fingerprint is\n\n    {root}\n\nand it stands in your paper contract. Compare them.\n"
            ),
            None => {
                "Nobody of your own side has a key in this book yet, so it has no root of trust.\n"
                    .to_owned()
            }
        };
        let root = root.as_deref().map(|root| format!(" --root {root}")).unwrap_or_default();
        format!(
            "# Everything of {name}

This folder is yours. It holds what Writ knows about you at the moment it was written, in formats that are documented in
`docs/records.md` of Writ and that other programs can read. Nothing in it needs the provider it comes from. There are no
private keys in it: those never left the devices and machines they were made on. `names.json` alone is for your eyes.

| what | in it |
|---|---|
| `ledger/` | your book: {lines} lines, as C2SP tlog-tiles with a signed checkpoint and {witnesses} cosignatures; `ledger/activity/` holds {records} sealed records of calls (OCSF 1.9.0) |
| `register.json` | your people, groups, agents and grants, as the book adds up to them |
| `keys.json` | public parts of every key in the book: passkeys, agents' instances, witnesses, the key that signs checkpoints |
| `names.json` | the keys of the sealed names of your people: whoever has it and the book reads them |
| `receipts/` | {receipts} signed acts, one file each, each one verifiable alone |
| `records/index.json` | which line of the book seals which file of records |

## How to check it without us
You need the program `writ` from any source you trust, and no network.

    writ ledger verify ledger --key {key}{root}
    writ receipt verify receipts/LINE.json --ledger ledger --names names.json{root}

The first command recomputes every hash, checks every signature in the book, and says whether every change among your own
people was signed by your own people. The second prints the exact words that somebody signed. Add `--witness KEY` for each
witness you trust.

{pinned}
## How to go on elsewhere
Another provider that runs Writ takes this folder with `writ client import`. Your history comes along, line for line. Every
agent is on hold until somebody signs its release, and the people of the old provider are gone.

Passkeys are bound to the address of the console they were made at. They sign at the new provider only if its console has the
same name; otherwise your first person is invited anew and the new fingerprint goes into the new contract.
"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_names_key_and_root() {
        let about = About {
            name: "Harbor Books".to_owned(),
            lines: 7,
            key: "a.example/x+01+AQ==".to_owned(),
            root: Some("k7qf-93td".to_owned()),
            witnesses: 1,
            receipts: 2,
            records: 3,
        };
        let letter = about.letter();
        for wanted in ["--key a.example/x+01+AQ== --root k7qf-93td", "7 lines", "3 sealed records"]
        {
            assert!(letter.contains(wanted), "{wanted}: {letter}");
        }
        let without = About { root: None, ..about }.letter();
        assert!(!without.contains("--root") && without.contains("no root of trust"));
    }
}
