//! Every command that a page of the console tells people to run is one that the command line understands.
//! Never here: running one.

#![cfg(test)]

use clap::Parser as _;
use writ_app::cli::Cli;

/// Words as a shell would split them: at spaces, single quotes aside.
fn words(command: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in command.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' | '\n' if !quoted => out.extend(Some(std::mem::take(&mut word))),
            other => word.push(other),
        }
    }
    out.push(word);
    out.retain(|word| !word.is_empty());
    out
}

fn text(html: &str) -> String {
    html.replace("&#39;", "'").replace("&#x27;", "'").replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn commands_on_pages_are_understood() {
    let mut seen = 0;
    for (page, html) in writ_console::page::samples() {
        for block in html.split("class=\"command\"").skip(1) {
            let command = block.split_once('>').and_then(|(_, rest)| rest.split_once('<'));
            let command = text(command.unwrap().0);
            if !command.starts_with("writ ") {
                continue;
            }
            seen += 1;
            let read = Cli::try_parse_from(words(&command));
            assert!(read.is_ok(), "{page}: `{command}`: {}", read.err().unwrap());
        }
    }
    assert!(seen > 5, "only {seen} commands were found on the pages");
}
