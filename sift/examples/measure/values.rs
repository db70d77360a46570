//! Values of each class, made by the rules that their issuers publish, and values that break one of these rules or are
//! something else.
//!
//! Never here: the rules by which they are found; a checksum is computed here once more, from its definition.

use super::make::Chance;

const B62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

fn digits(chance: &mut Chance, count: usize) -> String {
    chance.letters(DIGITS, count)
}

fn url(chance: &mut Chance, count: usize) -> String {
    let inner = chance.letters(&format!("{B62}-_"), count - 2);
    format!("{}{inner}{}", chance.letters(B62, 1), chance.letters(B62, 1))
}

fn crc(random: &str) -> String {
    let mut sum = u32::MAX;
    for byte in random.bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 * (sum & 1));
        }
    }
    let (mut number, mut out) = (!sum, String::new());
    let order: Vec<char> =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".chars().collect();
    for _ in 0..6 {
        let at = usize::try_from(number % 62).unwrap_or(0);
        out.insert(0, order.get(at).copied().unwrap_or('0'));
        number /= 62;
    }
    out
}

/// A vendor's key.
pub(crate) fn key(chance: &mut Chance) -> String {
    match chance.below(12) {
        0 | 1 => {
            let random = chance.letters(B62, 30);
            let mark = chance.pick(&["ghp_", "gho_", "ghs_", "npm_"]);
            format!("{mark}{random}{}", crc(&random))
        }
        2 => format!("AIza{}", url(chance, 35)),
        3 => format!("sk_live_{}", chance.letters(B62, 24)),
        4 => format!(
            "xoxb-{}-{}-{}",
            digits(chance, 12),
            digits(chance, 12),
            chance.letters(B62, 24)
        ),
        5 => format!("sk-ant-api03-{}AA", url(chance, 93)),
        6 => format!("AKIA{}", chance.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        7 => format!("glpat-{}", url(chance, 20)),
        8 => format!("hf_{}", chance.letters(B62, 34)),
        9 => format!("sk-proj-{}T3BlbkFJ{}", url(chance, 58), url(chance, 58)),
        10 => format!("SG.{}.{}", url(chance, 22), url(chance, 43)),
        _ => format!("shpat_{}", chance.letters(HEX, 32)),
    }
}

/// What people and programs choose.
pub(crate) fn password(chance: &mut Chance) -> String {
    match chance.below(3) {
        0 => {
            let length = 12 + usize::try_from(chance.below(12)).unwrap_or(0);
            format!("{}7", chance.letters(B62, length))
        }
        1 => {
            let words = ["River", "copper", "Falcon", "winter", "Maple", "orbit"];
            format!("{}-{}-{}!", chance.pick(&words), chance.pick(&words), digits(chance, 3))
        }
        _ => format!(
            "{}{}{}",
            chance.letters(UPPER, 2),
            chance.letters("!#%+^~", 2),
            chance.letters(B62, 8)
        ),
    }
}

/// A secret with a form of its own.
pub(crate) fn frame(chance: &mut Chance) -> String {
    match chance.below(2) {
        0 => {
            let lines: Vec<String> = (0..12).map(|_| chance.letters(B62, 64)).collect();
            let kind = chance.pick(&["", "RSA ", "EC ", "OPENSSH "]);
            format!(
                "-----BEGIN {kind}PRIVATE KEY-----\n{}\n-----END {kind}PRIVATE KEY-----",
                lines.join("\n")
            )
        }
        _ => format!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOi{}.{}",
            chance.letters(B62, 40),
            url(chance, 43)
        ),
    }
}

pub(crate) fn hidden(chance: &mut Chance) -> String {
    let one = chance.pick(&[
        "\u{200b}",
        "\u{2060}",
        "\u{202e}",
        "\u{e0041}\u{e0042}",
        "\u{200b}\u{200c}\u{200b}",
        "\u{1b}[2K",
        "\u{1b}[8m",
        "\u{feff}",
    ]);
    one.to_owned()
}

pub(crate) fn unshown(chance: &mut Chance) -> String {
    let words = super::make::quiet(chance);
    match chance.below(3) {
        0 => format!("<!-- {words} -->"),
        1 => format!("<span style=\"color:red;display:none\">{words}</span>"),
        _ => format!("<div style='font-size:0'>{words}</div>"),
    }
}

pub(crate) fn email(chance: &mut Chance) -> String {
    let (one, two) =
        (chance.letters("abcdefghijklmnoprstuvw", 5), chance.letters("abcdefghijklmnoprstuvw", 7));
    let name = match chance.below(4) {
        0 => format!("{one}.{two}"),
        1 => format!("{one}+{}", digits(chance, 2)),
        2 => format!("{one}_{two}"),
        _ => two.clone(),
    };
    let host = chance.pick(&["mail.example", "example.org", "example.co.uk", "sub.example.com"]);
    format!("{name}@{host}")
}

pub(crate) fn phone_abroad(chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => format!("+49 30 {}", digits(chance, 7)),
        1 => format!("+44 20 7946 {}", digits(chance, 4)),
        2 => format!("+1 (212) 555-01{}", digits(chance, 2)),
        _ => format!("+336{}", digits(chance, 8)),
    }
}

pub(crate) fn phone(chance: &mut Chance) -> String {
    match chance.below(3) {
        0 => format!("030 {}", digits(chance, 7)),
        1 => format!("0171/{}", digits(chance, 7)),
        _ => format!("020 7946 {}", digits(chance, 4)),
    }
}

fn mod97(text: &str) -> u64 {
    text.chars().fold(0, |sum, letter| {
        let value = u64::from(letter.to_digit(36).unwrap_or(0));
        (sum * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

pub(crate) fn iban(chance: &mut Chance) -> String {
    let (land, body) = match chance.below(4) {
        0 => ("DE", digits(chance, 18)),
        1 => ("NL", format!("{}{}", chance.letters(UPPER, 4), digits(chance, 10))),
        2 => ("FR", digits(chance, 23)),
        _ => ("GB", format!("{}{}", chance.letters(UPPER, 4), digits(chance, 14))),
    };
    let check = 98 - mod97(&format!("{body}{land}00"));
    let all: Vec<char> = format!("{land}{check:02}{body}").chars().collect();
    let sign = chance.pick(&["", " "]);
    let groups: Vec<String> = all.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(sign)
}

fn luhn(head: &str) -> u32 {
    let sum: u32 = head
        .chars()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = digit.to_digit(10).unwrap_or(0);
            if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    (10 - sum % 10) % 10
}

pub(crate) fn card(chance: &mut Chance) -> String {
    let head = match chance.below(3) {
        0 => format!("4{}", digits(chance, 14)),
        1 => format!("5{}{}", 1 + chance.below(5), digits(chance, 13)),
        _ => format!("37{}", digits(chance, 12)),
    };
    let all = format!("{head}{}", luhn(&head));
    let (a, rest) = all.split_at(4);
    match (all.len(), chance.below(3)) {
        (16, 0) => format!(
            "{a} {} {} {}",
            rest.get(..4).unwrap_or(""),
            rest.get(4..8).unwrap_or(""),
            rest.get(8..).unwrap_or("")
        ),
        (16, 1) => format!(
            "{a}-{}-{}-{}",
            rest.get(..4).unwrap_or(""),
            rest.get(4..8).unwrap_or(""),
            rest.get(8..).unwrap_or("")
        ),
        _ => all,
    }
}

pub(crate) fn national_id(chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => format!(
            "{:03}-{:02}-{:04}",
            1 + chance.below(600),
            1 + chance.below(99),
            1 + chance.below(9999)
        ),
        1 => {
            let number = chance.below(100_000_000);
            let at = usize::try_from(number % 23).unwrap_or(0);
            let letter = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(at).unwrap_or('T');
            format!("{number:08}{letter}")
        }
        2 => {
            let number = format!(
                "{}{:02}{:02}{:02}{:03}{:03}",
                1 + chance.below(2),
                chance.below(100),
                1 + chance.below(12),
                1 + chance.below(95),
                1 + chance.below(900),
                1 + chance.below(900)
            );
            let key = 97 - number.parse::<u64>().unwrap_or(0) % 97;
            format!("{number}{key:02}")
        }
        _ => tax(chance),
    }
}

/// Ten digits of which one stands twice, and the check digit of MOD 11,10.
fn tax(chance: &mut Chance) -> String {
    let mut all: Vec<u32> = (0..10).collect();
    for at in (1..10_usize).rev() {
        let other = usize::try_from(chance.below(at as u64 + 1)).unwrap_or(0);
        all.swap(at, other);
    }
    let twice = all.get(3).copied().unwrap_or(1);
    if let Some(last) = all.last_mut() {
        *last = twice;
    }
    if all.first() == Some(&0) {
        all.swap(0, 1);
    }
    let product = all.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    let text: String = all.iter().map(u32::to_string).collect();
    format!("{text}{}", (11 - product) % 10)
}

pub(crate) fn nino(chance: &mut Chance) -> String {
    format!(
        "{}{}{}",
        chance.pick(&["AB", "CE", "JG", "PX"]),
        digits(chance, 6),
        chance.letters("ABCD", 1)
    )
}

pub(crate) fn date(chance: &mut Chance) -> String {
    let (day, month, year) = (1 + chance.below(28), 1 + chance.below(12), 1940 + chance.below(70));
    match chance.below(4) {
        0 => format!("{year}-{month:02}-{day:02}"),
        1 => format!("{day:02}.{month:02}.{year}"),
        2 => format!("{month:02}/{day:02}/{year}"),
        _ => format!("{day} {} {year}", chance.pick(&["March", "April", "October"])),
    }
}

pub(crate) fn address(chance: &mut Chance) -> String {
    if chance.below(3) == 0 {
        return format!(
            "2001:db8:{}::{}",
            chance.letters("123456789abcdef", 4),
            chance.letters("123456789abcdef", 4)
        );
    }
    format!("81.{}.{}.{}", chance.below(255), chance.below(255), 1 + chance.below(254))
}

/// What is none of them.
pub(crate) fn lookalike(chance: &mut Chance) -> String {
    let hex = |chance: &mut Chance, count| chance.letters(HEX, count);
    match chance.below(22) {
        0 => format!("commit {}", hex(chance, 40)),
        1 => format!(
            "{}-{}-4{}-a{}-{}",
            hex(chance, 8),
            hex(chance, 4),
            hex(chance, 3),
            hex(chance, 3),
            hex(chance, 12)
        ),
        2 => format!("sha256:{}", hex(chance, 64)),
        3 => format!("data:image/png;base64,{}", chance.letters(&format!("{B62}+/"), 200)),
        4 => {
            let head = format!("4{}", digits(chance, 14));
            format!("{head}{}", (luhn(&head) + 1) % 10)
        }
        5 => format!("order {}-{}-{}", digits(chance, 3), digits(chance, 7), digits(chance, 7)),
        6 => format!("978-3-16-{}-{}", digits(chance, 6), digits(chance, 1)),
        7 => format!("{}.{}.{}", chance.below(20), chance.below(40), chance.below(90)),
        8 => format!(
            "2026-{:02}-{:02}T{:02}:15:30.{}Z",
            1 + chance.below(12),
            1 + chance.below(28),
            chance.below(24),
            digits(chance, 6)
        ),
        9 => format!("ghp_{}", chance.letters(B62, 36)),
        10 => format!("DE{}", digits(chance, 20)),
        11 => format!("192.168.{}.{}", chance.below(255), chance.below(255)),
        12 => "password: ${DB_PASSWORD}".to_owned(),
        13 => format!("nextPageToken: {}", chance.letters(B62, 30)),
        14 => "if password == stored.password".to_owned(),
        15 => format!("1{}", digits(chance, 12)),
        16 => format!(
            "part {}{}{}",
            chance.letters(UPPER, 2),
            digits(chance, 6),
            chance.letters("ABCD", 1)
        ),
        17 => format!("left-pad@{}.{}.{}", chance.below(9), chance.below(9), chance.below(9)),
        18 => "git@example.com:team/tool.git".to_owned(),
        19 => format!(
            "{}:{}:{}:{}:{}:{}",
            hex(chance, 2),
            hex(chance, 2),
            hex(chance, 2),
            hex(chance, 2),
            hex(chance, 2),
            hex(chance, 2)
        ),
        20 => format!("\u{1b}[3{}mcolor\u{1b}[0m and \u{1f468}\u{200d}\u{1f469}", chance.below(8)),
        _ => format!("invoice {} of {}", digits(chance, 9), digits(chance, 11)),
    }
}
