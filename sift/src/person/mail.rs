//! Addresses: e-mail (RFC 5321, as people write them), and of the Internet Protocol where they can be somebody's.
//!
//! Never here: an address of a machine's own network; those are nobody's.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{
    Class, Found,
    look::{Look, found, has, is_word},
};

/// Ends of file names that stand where the top of a domain would.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"ts", b"css", b"html", b"json",
    b"md", b"py", b"rs", b"txt", b"xml", b"yaml", b"yml", b"service", b"lock",
];

/// `name@host.top`
pub(crate) fn email(look: &Look<'_>, out: &mut Vec<Found>) {
    let at = look.at - 1;
    let in_name = |byte: u8| {
        is_word(byte) || matches!(byte, b'.' | b'+' | b'-' | b'%' | b'\'') || byte >= 0x80
    };
    let mut start = look.run_back(at, in_name);
    // A name begins with a letter or digit.
    while start < at && !look.byte(start).is_ascii_alphanumeric() {
        start += 1;
    }
    let name = look.part(start, at);
    if !(1..=64).contains(&name.len()) || name.ends_with(b".") || has(name, b"..") {
        return;
    }
    // `scheme://name:password@host` is no mail, nor is `git@host:path`.
    if matches!(look.before(start), b':' | b'/')
        && !look.says(start, 7, &["mailto:"])
        && look.says(start, 48, &["://"])
    {
        return;
    }
    let mut end =
        look.run(look.at, 255, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    while matches!(look.before(end), b'.' | b'-') && end > look.at {
        end -= 1;
    }
    let host = look.part(look.at, end);
    let mut labels = host.rsplit(|byte| *byte == b'.');
    let top = labels.next().unwrap_or_default();
    let rest: Vec<&[u8]> = labels.collect();
    let named = (2..=24).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic);
    let low = top.to_ascii_lowercase();
    let is_path = look.byte(end) == b':'
        && (look.byte(end + 1).is_ascii_alphanumeric() || look.byte(end + 1) == b'/');
    let is_clone = name == b"git" && is_path;
    let fits = named
        && !FILES.contains(&low.as_slice())
        && !rest.is_empty()
        && rest.iter().all(|label| (1..=63).contains(&label.len()) && !label.starts_with(b"-"))
        && !is_clone
        && !matches!(look.byte(end), b'(' | b'@' | b'_');
    if fits {
        out.push(found((start, end), Class::Email, "e-mail address"));
    }
}

/// An address of four numbers, or of groups with colons, whose first digit of a run is here.
pub(super) fn ip(look: &Look<'_>, digit: usize) -> Option<Found> {
    four(look, digit).or_else(|| groups(look, digit))
}

/// `::`
pub(crate) fn colons(look: &Look<'_>, out: &mut Vec<Found>) {
    out.extend(groups(look, look.at - 2));
}

/// An address of four numbers. Versions are written so, too.
fn four(look: &Look<'_>, start: usize) -> Option<Found> {
    let before = look.before(start);
    let glued = is_word(before) || matches!(before, b'.' | b'-' | b'+');
    // The quick way out: most numbers have no point.
    let first = look.run(start, 4, |byte| byte.is_ascii_digit());
    if glued || look.byte(first) != b'.' {
        return None;
    }
    let end = look.run(start, 16, |byte| byte.is_ascii_digit() || byte == b'.');
    let end = if look.before(end) == b'.' { end - 1 } else { end };
    if is_word(look.byte(end)) || look.says(start, 16, &["version", "ver.", "release", " v"]) {
        return None;
    }
    let address: Ipv4Addr = std::str::from_utf8(look.part(start, end)).ok()?.parse().ok()?;
    let own = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || matches!(address.octets(), [0 | 240..=255, ..] | [100, 64..=127, ..]);
    // `1.0.0.0` is a version, and what ends in a zero is a network.
    let host = address.octets().last() != Some(&0) && address.octets().first() > Some(&3);
    (!own && host).then(|| found((start, end), Class::IpAddress, "IP address"))
}

/// An address of groups with colons (RFC 4291, section 2.2).
fn groups(look: &Look<'_>, at: usize) -> Option<Found> {
    let is = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let end = look.run(at, 40, is);
    let start = look.run_back(at, is);
    let text = look.part(start, end);
    let colons = text.split(|byte| *byte == b':').count().saturating_sub(1);
    if !(2..=7).contains(&colons) || !(6..=39).contains(&text.len()) {
        return None;
    }
    if is_word(look.before(start)) || is_word(look.byte(end)) || look.before(start) == b':' {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    // Global unicast (RFC 4291, section 2.4).
    (address.segments().first().copied().unwrap_or(0) & 0xe000 == 0x2000)
        .then(|| found((start, end), Class::IpAddress, "IP address"))
}

#[cfg(test)]
mod tests {
    use crate::{Class, find};

    fn hit(class: Class, text: &str) -> Option<&str> {
        find(text.as_bytes()).iter().find(|one| one.class == class).map(|one| one.of(text))
    }

    #[test]
    fn mail_addresses() {
        for (text, wanted) in [
            ("to ada.lovelace+x@mail.example.", Some("ada.lovelace+x@mail.example")),
            ("<bob@example.co.uk>", Some("bob@example.co.uk")),
            ("mailto:eve@example.org", Some("eve@example.org")),
            ("git@example.com:team/tool", None),
            ("icon@2x.png", None),
            ("left-pad@1.3.0", None),
            ("ssh://deploy@build.example/x", None),
            ("@media screen", None),
        ] {
            assert_eq!(hit(Class::Email, text), wanted, "{text}");
        }
    }

    #[test]
    fn addresses_that_can_be_somebodys() {
        for (text, wanted) in [
            ("from 81.2.69.142 port 22", Some("81.2.69.142")),
            ("[2001:db8:85a3::8a2e:370:7334]", Some("2001:db8:85a3::8a2e:370:7334")),
            ("192.168.1.10", None),
            ("127.0.0.1:80", None),
            ("version 81.2.69.142", None),
            ("v1.2.3.4", None),
            ("12:34:56", None),
            ("std::net::Ipv4Addr", None),
            ("81.2.69.142.7", None),
        ] {
            assert_eq!(hit(Class::IpAddress, text), wanted, "{text}");
        }
    }
}
