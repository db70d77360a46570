//! The words by which the tests with servers are told apart are the same where tests are run and where servers start.

use crate::tree::files;

/// The words in the quotes of the first list that follows this name.
fn listed(path: &str, name: &str) -> Vec<String> {
    let all = files(path.rsplit('/').next().unwrap());
    let text = &all.iter().find(|file| file.path.ends_with(path)).unwrap().text;
    let after = text.split_once(name).unwrap().1;
    let list = after.split_once("= [").unwrap().1.split_once(']').unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_suite_knows_every_word_for_a_server() {
    let (suite, kit) = (
        listed("xtask/src/suite.rs", "const SERVERS"),
        listed("testkit/src/named.rs", "const WORDS"),
    );
    assert!(!kit.is_empty());
    assert_eq!(suite, kit);
}
