//! What words mean as action: verbs with the kinds that they ask for, nouns with what they are about.
//!
//! SECURITY: general language only; never a name of one server's tools or a phrase of one attack. A word that ends in `*`
//! stands for all that begin so. To add a word: its row; a row says what asking for it allows and what doing it is.

mod acts;

use std::{collections::BTreeMap, sync::LazyLock};

use acts::{BOOK, BUY, CANCEL, CREATE, INVITE, PAY, REMOVE, SEND, SHARE, UPDATE, VERBS};

use crate::kinds::{Kinds, Topics};

/// Verbs that only look.
const READS: &str = "offn* get list search read find check show view query lookup look describe count fetch retrieve return returns summarize analyze analyse compare calculate compute translate explain see identify determine extract load obtain download display inspect verify validate know detect preview filter browse scan examine stat tell-me provide provides head tail grep diff locate peek poll monitor watch is has exists recall select lese* lies zeig* such* find* hole liste* pruf* abruf* lis lire affich* cherch* trouv* recher* busc* lee leer muestr* obten* consult* whoami ls cat pwd";

/// Words that are a thing as often as an act: an act only where a verb stands.
const NOUNS_TOO: &str = "email mail message text dm comment post tweet book order share file note log bill invoice tip update change record label tag star pin plan host schedule reply answer transfer charge list draft copy report push commit merge release review rate set alert brief contact reach deposit refund rent hire move place mark link new start run build program refund permit block fix process deal display view search check look count query answer blog ping wire visit store import export upload delay shift clean clear complete open close edit purchase note notes flag reset archive approval restore extract format compra publica notifica registro archivo reserva informe nota cambio pago cuenta commande note demande rapport frage teil teile report plane lade lege leg mande dis andere fixe sage program programa accept sort stop record point sign turn roll grade tick give hand manage start compile collect cancel hold do make complete join follow block signal transfert";

/// Things that are an act when asked for ("make a payment", "I need a refund"): the act, and what it is about.
const DEEDS: &[(&str, Kinds, Topics)] = &[
    ("access zugriff zugang acceso acces", SHARE.or(INVITE), Topics::NONE),
    ("shipment delivery versand lieferung envio livraison", SEND.or(CREATE), Topics::ORDER),
    (
        "payment transfer refund donation deposit remittance zahlung uberweisung erstattung paiement virement remboursement pago transferencia reembolso",
        PAY.or(UPDATE).or(CREATE),
        Topics::MONEY,
    ),
    ("purchase order bestellung commande pedido", BUY.or(CREATE), Topics::ORDER),
    (
        "reservation booking buchung reservierung reservation reserva",
        BOOK.or(CREATE),
        Topics::TRAVEL,
    ),
    ("invitation invite einladung invitacion", INVITE.or(SEND).or(CREATE), Topics::NONE),
    (
        "reply answer response email message note mail notification reminder nachricht antwort erinnerung courriel reponse rappel correo respuesta mensaje recordatorio",
        SEND.or(CREATE),
        Topics::MAIL,
    ),
    (
        "appointment meeting event termin besprechung reunion rendez-vous rdv cita evento",
        CREATE.or(UPDATE).or(INVITE),
        Topics::EVENT,
    ),
    (
        "file document list note report ticket issue task draft datei dokument notiz aufgabe fichier liste tache archivo lista tarea",
        CREATE.or(UPDATE),
        Topics::NONE,
    ),
    ("change update correction anderung aktualisierung modification cambio", UPDATE, Topics::NONE),
    (
        "cancellation cancelation stornierung kundigung annulation cancelacion",
        CANCEL.or(REMOVE),
        Topics::NONE,
    ),
];

/// What nouns are about.
const THINGS: &[(&str, Topics)] = &[
    (
        "email emails e-mail mail mails inbox mailbox sender recipient recipients subject courriel* correo* nachricht* postfach",
        Topics::MAIL,
    ),
    (
        "chat channel channels message messages dm slack thread conversation post posts room kanal mensaje* workspace teams",
        Topics::CHAT,
    ),
    (
        "calendar event events meeting meetings appointment appointments agenda schedule termin* kalender* reunion* calendrier rendez-vous cita* evento* calendario lunch dinner breakfast call attendee attendees participant participants",
        Topics::EVENT,
    ),
    (
        "file files folder folders document documents directory drive attachment attachments spreadsheet sheet pdf path datei* dokument* ordner fichier* dossier* archivo* carpeta*",
        Topics::FILE,
    ),
    (
        "money payment payments transaction transactions transfer transfers iban bank account balance invoice invoices bill bills rent payee beneficiary funds amount refund refunds zahlung* uberweisung* rechnung* konto* miete facture* paiement* virement* compte pago* factura* cuenta* cuota loyer dollar dollars euro euros usd eur gbp chf cost salary owe owes owed schulde",
        Topics::MONEY,
    ),
    (
        "hotel hotels flight flights restaurant restaurants car cars rental reservation reservations booking bookings trip travel ticket* seat room rooms table flug* reise* zimmer tisch vol chambre vuelo* habitacion mesa train",
        Topics::TRAVEL,
    ),
    (
        "profile user users info information account address settings preferences details adresse anschrift direccion perfil profil",
        Topics::PROFILE,
    ),
    (
        "user users member members participant participants collaborator collaborators team guest guests people employee employees access role mitglied* benutzer* membre* miembro* usuario*",
        Topics::MEMBER,
    ),
    (
        "issue issues ticket tickets case cases bug bugs request requests pr prs pull support incident incidents fall incidencia*",
        Topics::ISSUE,
    ),
    (
        "order orders product products item items cart stock inventory sku price prices shipment shipping delivery customer customers coupon bestellung* artikel produkt* commande* produit* pedido* producto*",
        Topics::ORDER,
    ),
    (
        "contact contacts lead leads customer customers client clients supplier vendor patient patients tenant tenants applicant applicants candidate candidates student students pupil pupils colleague colleagues patient* mieter* bewerber* schuler* kolleg* address-book kontakt* kunde* contacto* cliente*",
        Topics::CONTACT,
    ),
    (
        "website web webpage page pages url link links site article articles blog browser internet webseite* seite* artikel* lien page* sitio pagina* enlace*",
        Topics::WEB,
    ),
    (
        "note notes task tasks todo to-do todos list lists reminder reminders memory memo notiz* aufgabe* tache* nota notas tarea* lista*",
        Topics::NOTE,
    ),
    (
        "code repository repo branch commit commits release deployment pipeline workflow build merge",
        Topics::CODE,
    ),
    (
        "password passwords passcode pin secret secrets token tokens credential credentials key keys api-key 2fa mfa otp permission permissions passwort* kennwort* contrasena* mot-de-passe",
        Topics::SECRET,
    ),
    (
        "server servers machine machines host service services process database instance container device devices",
        Topics::MACHINE,
    ),
];

/// What a verb allows and does, and if it is a noun as often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verb {
    /// What asking for it allows.
    pub(crate) asked: Kinds,
    /// What doing it is.
    pub(crate) done: Kinds,
    /// True if the word is a thing as often.
    pub(crate) noun_too: bool,
}

struct Words<T> {
    whole: BTreeMap<&'static str, T>,
    begins: BTreeMap<&'static str, T>,
}

impl<T: Copy> Words<T> {
    const fn new() -> Self {
        Self { whole: BTreeMap::new(), begins: BTreeMap::new() }
    }

    fn put(&mut self, word: &'static str, meaning: T, both: impl Fn(T, T) -> T) {
        let (map, word) = match word.strip_suffix('*') {
            Some(stem) => (&mut self.begins, stem),
            None => (&mut self.whole, word),
        };
        let meaning = map.get(word).map_or(meaning, |known| both(*known, meaning));
        map.insert(word, meaning);
    }

    fn exact(&self, word: &str) -> Option<T> {
        self.whole.get(word).copied()
    }

    /// By the longest beginning of at least three letters.
    fn begun(&self, word: &str) -> Option<T> {
        (3..=word.len().min(14)).rev().find_map(|end| self.begins.get(word.get(..end)?).copied())
    }
}

static VERB: LazyLock<Words<Verb>> =
    LazyLock::new(|| {
        let mut all = Words::new();
        let nouns: Vec<&str> = NOUNS_TOO.split(' ').collect();
        for (words, asked, done) in VERBS {
            for word in words.split(' ') {
                let noun_too = nouns.contains(&word);
                all.put(word, Verb { asked: *asked, done: *done, noun_too }, |a: Verb, b: Verb| {
                    Verb { asked: a.asked.or(b.asked), done: a.done, noun_too: a.noun_too }
                });
            }
        }
        all
    });

static READ: LazyLock<Words<()>> = LazyLock::new(|| {
    let mut all = Words::new();
    READS.split(' ').for_each(|word| all.put(word, (), |(), ()| ()));
    all
});

static DEED: LazyLock<Words<(Kinds, Topics)>> = LazyLock::new(|| {
    let mut all = Words::new();
    for (words, kinds, topics) in DEEDS {
        for word in words.split(' ') {
            all.put(word, (*kinds, *topics), |a: (Kinds, Topics), b| (a.0.or(b.0), a.1.or(b.1)));
        }
    }
    all
});

static THING: LazyLock<Words<Topics>> = LazyLock::new(|| {
    let mut all = Words::new();
    for (words, topics) in THINGS {
        words.split(' ').for_each(|word| all.put(word, *topics, Topics::or));
    }
    all
});

/// In what form a verb stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `send`
    Base,
    /// `sends`: also the plural of a noun.
    Third,
    /// `sending`
    Ing,
    /// `sent`, `shared`
    Past,
}

const IRREGULAR: &[(&str, &str)] = &[
    ("paid", "pay"),
    ("sent", "send"),
    ("told", "tell"),
    ("bought", "buy"),
    ("wrote", "write"),
    ("written", "write"),
    ("made", "make"),
    ("did", "do"),
    ("done", "do"),
    ("ran", "run"),
    ("held", "hold"),
    ("built", "build"),
    ("chose", "choose"),
];

/// Base forms that a word may come from, likeliest first.
fn bases(word: &str) -> Vec<(String, Form)> {
    let mut all = vec![(word.to_owned(), Form::Base)];
    if let Some((_, base)) = IRREGULAR.iter().find(|(past, _)| *past == word) {
        all.push(((*base).to_owned(), Form::Past));
    }
    let mut strip = |end: &str, form: Form| {
        let Some(stem) = word.strip_suffix(end).filter(|stem| stem.len() >= 2) else { return };
        all.push((stem.to_owned(), form));
        if form != Form::Third {
            all.push((format!("{stem}e"), form));
            let mut letters = stem.chars().rev();
            if let (Some(last), Some(before)) = (letters.next(), letters.next())
                && last == before
            {
                all.push((letters.rev().chain([before]).collect(), form));
            }
        }
        if let Some(root) = stem.strip_suffix('i') {
            all.push((format!("{root}y"), form));
        }
    };
    strip("s", Form::Third);
    strip("es", Form::Third);
    strip("ing", Form::Ing);
    strip("ed", Form::Past);
    all
}

/// Endings by which languages make a thing of an act: `Buchung`, `reservations`.
const NOMINAL: &[&str] = &[
    "ung", "ungen", "ion", "ions", "ionen", "iones", "ment", "ments", "miento", "mientos", "keit",
    "heit", "nis", "nisse",
];

/// The verb of a folded word, if it is one we know.
pub(crate) fn verb(word: &str) -> Option<(Verb, Form)> {
    let known = bases(word).into_iter().find_map(|(base, form)| Some((VERB.exact(&base)?, form)));
    let thing = || NOMINAL.iter().any(|ending| word.ends_with(ending));
    // `Verschickt`, `bezahlt`: somebody does it, or it is done.
    let form = if word.len() > 5 && word.ends_with('t') { Form::Third } else { Form::Base };
    let begun = || VERB.begun(word).filter(|_| !thing());
    known
        .or_else(|| Some((begun()?, form)))
        .or_else(|| {
            // Done again: `rewrite`, `resubmit`.
            verb(word.strip_prefix("re").filter(|rest| rest.len() >= 4)?)
        })
        .or_else(|| {
            let rest = parted(word).filter(|rest| READ.begun(rest).is_none())?;
            Some((VERB.exact(rest).or_else(|| VERB.begun(rest))?, Form::Base))
        })
}

/// Parts that stand before a German verb: `abschicken`, `zurückschreiben`.
const BEFORE: &[&str] = &[
    "zusammen", "zuruck", "weiter", "durch", "nach", "aus", "ein", "ver", "vor", "ab", "an", "auf",
    "um", "zu",
];

/// What stands after such a part.
fn parted(word: &str) -> Option<&str> {
    let rest = BEFORE.iter().find_map(|part| word.strip_prefix(part))?;
    (rest.len() >= 5 && rest.ends_with("en")).then_some(rest)
}

/// True if the word is known by its beginning only, as words of other languages are.
pub(crate) fn begun(word: &str) -> bool {
    let exact = bases(word)
        .iter()
        .any(|(base, _)| VERB.exact(base).is_some() || READ.exact(base).is_some());
    !exact && (verb(word).is_some() || reads(word))
}

/// True if the word only looks.
pub(crate) fn reads(word: &str) -> bool {
    bases(word).iter().any(|(base, _)| READ.exact(base).is_some())
        || (word.len() > 4 && VERB.begun(word).is_none() && READ.begun(word).is_some())
        || parted(word).is_some_and(|rest| VERB.begun(word).is_none() && READ.begun(rest).is_some())
}

/// The act that a noun stands for, and what it is about.
pub(crate) fn deed(word: &str) -> Option<(Kinds, Topics)> {
    let plural = || word.strip_suffix('s').or_else(|| word.strip_suffix("en"));
    DEED.exact(word).or_else(|| DEED.exact(plural()?))
}

/// What doing the deed is, without what asking for it allows besides.
pub(crate) fn narrow(kinds: Kinds) -> Kinds {
    let plain = kinds.without(Kinds::INWARD);
    if plain.is_empty() { kinds } else { plain }
}

/// What a noun is about.
pub(crate) fn topics(word: &str) -> Topics {
    let known = THING.exact(word).or_else(|| THING.begun(word));
    known.or_else(|| THING.exact(word.strip_suffix('s')?)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_their_forms_and_languages() {
        for (word, kind, form) in [
            ("send", SEND, Form::Base),
            ("sends", SEND, Form::Third),
            ("forwarding", SEND, Form::Ing),
            ("paid", PAY, Form::Past),
            ("dropped", REMOVE, Form::Past),
            ("notifies", SEND, Form::Third),
            ("uberweise", PAY, Form::Base),
            ("supprime", REMOVE, Form::Base),
            ("transfiere", PAY, Form::Base),
            ("schedules", CREATE, Form::Third),
        ] {
            let (verb, found) = verb(word).unwrap_or_else(|| panic!("{word} is no verb"));
            assert!(verb.done.meets(kind), "{word}: {:?}", verb.done);
            assert_eq!(found, form, "{word}");
        }
        assert!(verb("holiday").is_none() && verb("the").is_none());
        assert!(reads("lists") && reads("searching") && !reads("send"));
        assert!(topics("rechnungen").meets(Topics::MONEY) && topics("emails").meets(Topics::MAIL));
        assert!(deed("payments").is_some_and(|(kinds, _)| kinds.meets(PAY)));
    }
}
