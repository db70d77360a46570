//! The rules of discovery: what each weighs, its title, and what cures it. Rules about models come from `writ-scan` and are
//! weighed by it.
//!
//! Never here: the looking. To add a rule: a row in [`ALL`], in the order of its word.

use std::borrow::Cow;

use super::{Reason, Verdict};

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its word, stable.
    pub id: &'static str,
    /// The verdict that it makes; `None` if it is only said.
    pub weight: Option<Verdict>,
    /// What it is, a few words.
    pub title: &'static str,
    /// What cures it, one sentence.
    pub cure: &'static str,
}

const fn rule(
    id: &'static str,
    weight: Option<Verdict>,
    title: &'static str,
    cure: &'static str,
) -> Rule {
    Rule { id, weight, title, cure }
}

const SAID: Option<Verdict> = None;
const UNKNOWN: Option<Verdict> = Some(Verdict::Unknown);
const LOOK: Option<Verdict> = Some(Verdict::Suspicious);
const BAD: Option<Verdict> = Some(Verdict::Malicious);

/// Every rule, by word.
pub const ALL: [Rule; 44] = [
    rule(
        "agent.code",
        SAID,
        "code that calls a model or makes an agent",
        "Enter the agent in the register, with who answers for it.",
    ),
    rule(
        "client.config",
        SAID,
        "a client's configuration",
        "Enter the client in the register, with who answers for it.",
    ),
    rule(
        "client.presence",
        SAID,
        "a client was used here",
        "Enter the client in the register, with who answers for it.",
    ),
    rule(
        "code.decoded",
        LOOK,
        "decodes text and runs it",
        "Do not install it; read what it decodes, and report the package.",
    ),
    rule(
        "code.exfiltrate",
        LOOK,
        "reads secrets and sends them away",
        "Remove it, and change every secret that it names.",
    ),
    rule(
        "code.fetch_run",
        LOOK,
        "fetches something and runs it",
        "Replace it by a file that is pinned by its digest.",
    ),
    rule(
        "code.hidden_window",
        LOOK,
        "runs where nobody sees it",
        "Remove it unless somebody can say why it hides.",
    ),
    rule(
        "code.install_script",
        SAID,
        "runs when it is installed",
        "Install with scripts switched off (npm: --ignore-scripts).",
    ),
    rule(
        "code.reverse_shell",
        BAD,
        "opens a shell to somebody else",
        "Take the machine off the network, and remove it.",
    ),
    rule(
        "config.broken",
        UNKNOWN,
        "cannot be read",
        "Repair or remove the file: its client may read it in another way than we do.",
    ),
    rule(
        "extension.host",
        SAID,
        "an extension that brings an assistant",
        "Decide whether it may see what is on the screen.",
    ),
    rule(
        "grant.ai",
        SAID,
        "a grant to an AI application",
        "Ask its owner what it is for; withdraw it if nobody answers.",
    ),
    rule(
        "grant.wide",
        LOOK,
        "a grant to an AI application that reaches mail, files or directory",
        "Withdraw it, or narrow it to what it needs.",
    ),
    rule(
        "hook.command",
        SAID,
        "a command that a client runs by itself",
        "Keep hooks in a reviewed place that the user cannot write.",
    ),
    rule(
        "hook.network",
        LOOK,
        "a hook that sends data to a host",
        "Remove the hook, or name the host in the charter.",
    ),
    rule(
        "key.plain",
        LOOK,
        "a key in plain text",
        "Change the key now; keep the new one in a secret store.",
    ),
    rule(
        "lock.changed",
        LOOK,
        "differs from the lock",
        "Read the difference, then write the lock anew (--relock).",
    ),
    rule(
        "lock.gone",
        SAID,
        "is in the lock and no longer here",
        "Write the lock anew (--relock) if that is meant.",
    ),
    rule(
        "lock.new",
        LOOK,
        "is here and not in the lock",
        "Look at it, then write the lock anew (--relock).",
    ),
    rule(
        "mcp.auto_approve",
        LOOK,
        "tools run without asking",
        "Take the wildcard out of the list of approved tools.",
    ),
    rule(
        "mcp.docker_host",
        LOOK,
        "a container with the host in its hands",
        "Take away --privileged, the socket of Docker and mounts of / and of home.",
    ),
    rule(
        "mcp.docker_tag",
        SAID,
        "an image by a tag that can move",
        "Name the image by its digest (@sha256:…).",
    ),
    rule(
        "mcp.lookalike",
        LOOK,
        "a package whose name is like a known one",
        "Compare it letter by letter with the publisher's own page.",
    ),
    rule("mcp.name_hidden", LOOK, "a name with letters that show as others", "Remove the server."),
    rule("mcp.plain_http", LOOK, "a server that is called without TLS", "Call it by https."),
    rule(
        "mcp.server",
        SAID,
        "a server of tools",
        "Put it behind the gateway, where its calls are decided and recorded.",
    ),
    rule(
        "mcp.shell",
        LOOK,
        "a server that is a line of shell",
        "Name a program and its arguments instead.",
    ),
    rule(
        "mcp.temporary",
        LOOK,
        "a program in a folder that anybody can write",
        "Install it where only an administrator writes.",
    ),
    rule(
        "mcp.unpinned",
        SAID,
        "a package without an exact version",
        "Name the exact version: what runs tomorrow is otherwise another program.",
    ),
    rule(
        "mcp.unresolved",
        UNKNOWN,
        "what it runs cannot be told from here",
        "Install it where its bytes can be read, or name its exact version.",
    ),
    rule(
        "model.file",
        SAID,
        "a file of a model",
        "Keep only models whose publisher and digest are known.",
    ),
    rule(
        "package.ai",
        SAID,
        "a package that makes something an AI system",
        "Enter what uses it in the register.",
    ),
    rule(
        "plugin.code",
        SAID,
        "code that a client loads",
        "Keep it in a repository, and pin its commit.",
    ),
    rule("rules.file", SAID, "a text that steers an agent", "Keep it in a repository with review."),
    rule(
        "service.log",
        SAID,
        "an AI service that is talked to",
        "Decide whether it may be used, and with which data.",
    ),
    rule(
        "service.risk",
        LOOK,
        "an AI service of high risk",
        "Block it, or sign a contract that covers what is sent.",
    ),
    rule(
        "settings.bypass",
        LOOK,
        "an agent that asks nobody",
        "Let it ask: switch the bypass off.",
    ),
    rule(
        "settings.reroute",
        LOOK,
        "model traffic goes to another host",
        "Take the address out, unless it is your own gateway.",
    ),
    rule(
        "settings.trust_all",
        LOOK,
        "servers of any project are started unasked",
        "Switch it off: a repository can bring its own servers.",
    ),
    rule("skill.file", SAID, "a skill", "Install skills only from a reviewed repository."),
    rule(
        "skill.script",
        SAID,
        "a script that a skill can run",
        "Read it before the skill is allowed.",
    ),
    rule(
        "task.on_open",
        LOOK,
        "a command that runs when a folder is opened",
        "Take runOn: folderOpen away.",
    ),
    rule(
        "text.flagged",
        LOOK,
        "a text that hides something, or is aimed at a model",
        "Remove the passage, or the file.",
    ),
    rule("text.noted", SAID, "a passage that somebody may look at", "Read the passage."),
];

/// A rule by its word; rules of `writ-scan` are not in the table.
pub fn of(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id)
}

/// What cures a rule, one sentence.
pub fn cure(id: &str) -> &'static str {
    match of(id) {
        Some(rule) => rule.cure,
        None => "Do not load this file; get its weights as safetensors from their publisher.",
    }
}

/// The worst verdict that reasons make.
pub(crate) fn worst(reasons: &[Reason]) -> Option<Verdict> {
    reasons.iter().filter_map(|reason| of(&reason.rule)?.weight).max()
}

/// The rules of reasons, each once, in their order.
pub(crate) fn named(reasons: &[Reason]) -> Vec<Cow<'static, str>> {
    let mut out: Vec<Cow<'static, str>> = Vec::new();
    for reason in reasons {
        if !out.contains(&reason.rule) {
            out.push(reason.rule.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_each_has_a_cure() {
        assert!(ALL.windows(2).all(|two| two[0].id < two[1].id));
        assert!(ALL.iter().all(|rule| rule.cure.ends_with('.') && rule.id.contains('.')));
        assert!(cure("pickle.global.os_system").contains("safetensors"));
    }
}
