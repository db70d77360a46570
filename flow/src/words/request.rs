//! What a person asks for in their own words: kinds of action, what they are about, and if they hand the choice to a text
//! ("do what Anna's mail says").
//!
//! SECURITY: reads a person's words only; a text that an agent has read never gets here. To add a way of asking: a row of
//! the tests, then its word in [`STARTS`] or in `lexicon`.

use crate::{
    kinds::{Kinds, Topics},
    words::{
        lexicon::{self, Form},
        tokens,
    },
};

/// What was asked for.
#[expect(clippy::struct_excessive_bools, reason = "independent findings, each used by itself")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Request {
    /// Kinds of action that it allows.
    pub(crate) kinds: Kinds,
    /// What it is about.
    pub(crate) topics: Topics,
    /// True if a text is to be followed.
    pub(crate) delegated: bool,
    /// True if it has a word that we know as an act or a look: words of an unknown language ask for nothing that we
    /// could compare.
    pub(crate) understood: bool,
    /// True if a clause begins with a word that we do not know: it may ask for anything.
    pub(crate) unclear: bool,
    /// True if a text is pointed at as where something stands: "from the mail", "as he wrote".
    pub(crate) refers: bool,
    /// True if an address, a number or the like is said to be there.
    pub(crate) seeks: bool,
    /// True if an address, a number or the like is said to be new.
    pub(crate) renews: bool,
    /// True if a bank or an account is said to be new.
    pub(crate) rebanks: bool,
    /// True if an account is said to be one that was used before.
    pub(crate) usual: bool,
    /// True if people are meant whom a text names.
    pub(crate) crowd: bool,
    /// True if a payment is asked for in so many words.
    pub(crate) pays: bool,
}

/// After these, or at the beginning, a word that is a thing as often is an act.
const STARTS: &str = "please to and then or also can could would will you should must kindly just now finally first afterwards next lets let's not don't i'll you'll we'd i'd but so and/or bitte und dann zu dass kannst konntest et puis ensuite pour de y luego despues para por favor ademas e ed then, help go me ";
/// A question's first word: nothing in it is an act, unless it follows one of [`STARTS`].
const ASKS: &str = "ist sind war hay worum wozu wem wen wieso weshalb how what which who whom whose when where why is are was were does do did has have had wie was welche welcher welches wer wo wann warum combien quel quelle quels quelles qui ou quand que cuanto cuantos cual cuales quien donde cuando cuales";
/// Words that give a noun its article or owner; what follows is a thing.
const OWNERS: &str = "the a an my your his her our their this that these those any each every all some no last next new latest of in from on for with at der die das den dem ein eine einen einem mein meine meinen le la les un une mon ma mes des du el los las una mi mis del";
/// Light verbs: "make a payment".
const LIGHT: &str = "leave hinterlasse make do hazle hazme hazles need want like place have get give set put file submit issue start open create schedule mache brauche mochte fais besoin voudrais faire haz hacer necesito quiero tatige prepare";
/// What hands the choice over.
const FOLLOW: &str = "do fix book buy install set apply adopt repeat work buche installiere passe setze stelle follow complete execute perform carry handle process deal sort see kummer kummere occupe encargate implement act take go work address finish erledige erledigen befolge mach mache fuhre umsetzen fais suis execute realise traite haz sigue completa realiza ejecuta";
/// What is handed over.
const ORDERS: &str = "task tasks todo todos to-do to-dos instruction instructions step steps action actions request requests asks asked says say wants want requested requires required needed needs described describes proposes proposed recommends recommended suggests suggested explains point points item mentioned listed written punkt vorschlagt empfiehlt beschreibt schreibt checklist items aufgaben aufgabe anweisung anweisungen steht bittet gebeten worum geschrieben verlangt schritte punkte instructions taches tache demande dit etapes instrucciones tareas tarea pide dice pasos solicita";

/// What deals with a matter as a whole, and papers that stand for one: "work on ticket 7".
const HANDLE: &str = "handle process deal work resolve care address bearbeite bearbeiten erledige erledigen kummere traite traiter tramita gestiona";
const MATTERS: &str = "ticket issue item items point points entry entries letter matter case todo punkt punkte eintrag vorgang fall anliegen point points dossier asunto punto";

/// Texts that can be pointed at, and what their writers did.
const TEXTS: &str = "mail email mails emails message messages note notes ticket letter file document page website site article memo chat thread list review reviews request invoice invoices bill bills notice attachment comment comments says said wrote asked asks told sent mentioned recommended suggested recommends requested posted shared according described written wrote writes accordingly issue newsletter form sheet calendar event report blog brief minutes instructions escribio dijo mando envio nachricht rechnung datei seite notiz zettel liste steht schreibt schrieb geschrieben geschickt gebeten gesagt ecrit envoye demande escrito enviado bittet laut brief anfrage facture message courriel page fichier selon demande dit factura mensaje correo pagina archivo segun dice pide carta";
/// What is said of something that is not as a record has it.
const RENEWED: &str = "new changed changes moved neue neuen neuer geandert umgezogen nouvelle nouveau change demenage nueva nuevo cambiado mudado";
/// What people look up there.
const SOUGHT: &str = "address addresses adresse adressen direccion direcciones number nummer numero iban account konto cuenta compte contact contacts kontakt details phone link links url";
/// Who changes them has another account.
const BANKS: &str = "bank banks banque banco banca bankverbindung bankdaten";
/// What is said of something that is as it was.
const USUAL: &str = "same usual always before previously previous saved gleiche gleiches gleichen selbe selben immer ublich ubliche ublichen bisher wie letzten meme habituel habituelle toujours habitude mismo misma siempre habitual stesso solito";
/// What texts do.
const STATES: &str =
    "says say said asks asked wants want states steht stehen angegeben dit dice indique indica";
/// Where what was paid before stands.
const HISTORY: &str = "transactions transaction history statement statements payees operations virements umsatze umsatzen kontoauszug movimientos historial operazioni suppliers vendors lieferanten lieferantenstamm stammdaten proveedores fournisseurs fornitori";
/// Where money goes to.
const ACCOUNTS: &str = "account accounts iban konto kontonummer compte cuenta conto";
/// People who are named by a text: "everyone in team.csv".
const CROWD: &str = "people persons colleagues guests pupils children parents folks leute kollegen personen kinder eltern everyone everybody all each people those members team alle allen jeden jedem tous todos whoever anyone";
/// People who are meant without a name.
const THEM: &str = "him her them whoever who author sender participants attendees recipients reply answer respond antworte beantworte reponds responde";
/// After "do" at the beginning, it is asked if they do.
const DOERS: &str = "i you we they people";
/// Before a passive these let it be done: "can be paid".
const MAY: &str = "can may should must";
/// The same before "werden".
const KANN: &str = "kann konnen darf durfen soll sollen muss mussen";
/// Everything of a text is its matter: "do everything in the note".
const ALL: &str = "everything alles tout tutto";
/// Words that begin a "when".
const WHEN: &str = "before after once if when until while as bevor wenn avant si antes";
/// After these a teller tells the asker only: "tell me".
const TELLERS: &str = "tell inform answer show say brief sag sage dis dites dime dile informe";

/// What somebody wants to be told begins so.
const ABOUT: &str = "whether if when what how why where which who ob wann was wie warum wo wer si quand combien comment pourquoi cuando como donde se quando";
/// Words for being told.
const KNOW: &str = "know tell check look see read says show whether sag sage sagt schau sieh lies nachsehen pruf dis dites lis lisez regarde verifie dime mira lee dimmi leggi guarda";

/// True if a sentence asks for something to be told, or to be looked at for a question.
pub(crate) fn asks_to_know(sentence: &str) -> bool {
    let (mut knows, mut asks) = (false, false);
    for word in tokens::parts(sentence) {
        knows |= among(KNOW, word.split('-').next().unwrap_or(word));
        asks |= among(ABOUT, word);
    }
    knows && asks
}

fn among(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

/// Words that are known to ask for nothing where a clause begins.
const PLAIN: &str = "i i'm i've my me we our you your he she it they his her their its there here this that these those the a an and or but so then if when while as because since for from of on in at to with by about after before until not no yes ok okay please thanks thank hi hello dear good great fine also only just still already some any all every each both more most one two three today tomorrow yesterday now once is are was were has have had do does did can could will would should may might must need want like somebody someone everybody everyone mr mrs ms dr ich wir mein meine meinen mir mich uns unser unsere du dein er sie es ihr ihre der die das den dem ein eine einen und oder aber dann wenn weil als von vom aus auf im in am an zu zum zur mit bei nach vor fur uber nicht kein ja nein bitte danke gut hallo alle jede jeder heute morgen gestern jetzt ist sind war hat habe haben kann soll will mochte brauche je tu il elle nous vous mon ma mes un une le la les de du des et ou si oui non merci bonjour el los las mi mis un una y o si no gracias hola";

/// True for a word of every sentence.
pub(crate) fn is_plain(word: &str) -> bool {
    among(PLAIN, word) || among(ASKS, word) || among(STARTS, word) || among(OWNERS, word)
}

/// Reads a folded text of the person.
pub(crate) fn request(text: &str) -> Request {
    let mut all = Request::default();
    for sentence in tokens::sentences(text) {
        let words: Vec<&str> = sentence.split([' ', '/', ',', ':', '(', ')', '"']).collect();
        sentence_asks(&words, &mut all);
    }
    all.pays = all.kinds.meets(Kinds::PAY) && paying(text);
    all.usual = tokens::sentences(text).into_iter().any(|sentence| {
        let has = |list: &str| tokens::parts(sentence).any(|word| among(list, word));
        has(ACCOUNTS) && (has(USUAL) || has(HISTORY))
    });
    // Money that is sent or planned is paid; a secret that is set is one.
    let money = all.topics.meets(Topics::MONEY)
        || text.contains(['$', '€', '£'])
        || tokens::parts(text)
            .any(|word| lexicon::verb(word).is_some_and(|(verb, _)| verb.done == Kinds::PAY));
    if money && all.kinds.meets(Kinds::SEND.or(Kinds::CREATE).or(Kinds::BUY)) {
        all.kinds = all.kinds.or(Kinds::PAY);
    }
    // What is put into a channel is said there.
    let channel = text.split('#').skip(1).any(|rest| {
        let name = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("");
        name.len() >= 2 && name.chars().all(char::is_alphabetic)
    });
    if (channel || into_channel(text)) && all.kinds.meets(Kinds::CREATE) {
        all.kinds = all.kinds.or(Kinds::SEND);
    }
    if all.topics.meets(Topics::SECRET) && all.kinds.meets(Kinds::INWARD) {
        all.kinds = all.kinds.or(Kinds::SECRET);
    }
    all
}

/// True if something goes into a channel that is called one: "put it into channel nat3".
fn into_channel(text: &str) -> bool {
    let words: Vec<&str> = tokens::parts(text).collect();
    words.windows(3).any(|near| {
        let channel = |word: &&&str| among("channel kanal canal canale", word);
        let into = near.first().is_some_and(|word| among("into in im dans nel", word));
        into && near.iter().skip(1).find(channel).is_some()
    })
}

/// True if a table, a room or a seat is named for so many, in a sentence that asks nothing: "Table for 5 this Saturday".
fn for_many(words: &[&str]) -> bool {
    const MANY: &str = "two three four five six seven eight zwei drei vier funf sechs sieben acht deux trois quatre cinq six dos tres cuatro cinco seis due tre quattro cinque";
    words.windows(3).take(2).any(|near| {
        let mut near = near.iter().map(|word| bare(word));
        let thing = near.next().is_some_and(|word| lexicon::topics(word).meets(Topics::TRAVEL));
        let per = near.next().is_some_and(|word| among("for fur pour para per", word));
        let many = |word: &str| {
            among(MANY, word) || (!word.is_empty() && word.bytes().all(|one| one.is_ascii_digit()))
        };
        thing && per && near.next().is_some_and(many)
    })
}

/// True if a word of a text is a verb of paying, or a payment.
fn paying(text: &str) -> bool {
    tokens::parts(text).any(|word| {
        lexicon::verb(word).is_some_and(|(verb, _)| verb.done.meets(Kinds::PAY))
            || lexicon::deed(word).is_some_and(|(kinds, _)| kinds.meets(Kinds::PAY))
    })
}

/// True if a word may be an act that we do not know: no verb, no thing, no word of every sentence.
fn unknown(word: &str) -> bool {
    let letters = word.chars().all(char::is_alphabetic) && word.chars().count() >= 3;
    letters
        && !among(PLAIN, word)
        && !among(ASKS, word)
        && !among(STARTS, word)
        && !lexicon::reads(word)
        && lexicon::verb(word).is_none_or(|(_, form)| form == Form::Third)
        && lexicon::topics(word).is_empty()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric())
}

/// Where a reading of a sentence stands.
struct Sentence<'a> {
    words: &'a [&'a str],
    question: bool,
    /// The word before, empty where a clause begins, and the one before that.
    before: &'a str,
    earlier: &'a str,
    /// Words left in which a light verb, a verb of bringing counts.
    light: u8,
    into: u8,
    follow: bool,
    /// True after a verb of dealing with a matter as a whole.
    handing: bool,
}

fn sentence_asks(words: &[&str], all: &mut Request) {
    let first = words.iter().map(|word| bare(word)).find(|word| !word.is_empty()).unwrap_or("");
    // "Any news?" asks; "Could you send it?" asks for an act.
    let asks = words.last().is_some_and(|last| last.ends_with('?')) && !among(STARTS, first);
    // "Do the same payment" is told, "Do they open" is asked.
    let second = words.iter().map(|word| bare(word)).filter(|word| !word.is_empty()).nth(1);
    let told = first == "do" && !asks && second.is_none_or(|next| !among(DOERS, next));
    let question = (among(ASKS, first.trim_end_matches("'s")) && !told) || asks;
    all.understood |= asks;
    let has = |list: &str| words.iter().any(|word| among(list, bare(word)));
    all.renews |= has(RENEWED) && (has(SOUGHT) || has(BANKS));
    // "The new bill, the account is in it" says of no account that it is new.
    let new_one = |near: &[&str]| match near {
        [first, second] => among(RENEWED, bare(first)) && among(ACCOUNTS, bare(second)),
        _ => false,
    };
    all.rebanks |= (has(RENEWED) && has(BANKS)) || words.windows(2).any(new_one);
    // Who wants to be told of a table for two wants none.
    let looks = words.iter().any(|word| lexicon::reads(bare(word)));
    if !question && !looks && for_many(words) {
        all.kinds = all.kinds.or(Kinds::BOOK);
        all.understood = true;
    }
    // "To where the form says": a place that a text has.
    all.seeks |= has("where wohin ou donde dove") && has(TEXTS) && has(STATES);
    let mut here = Sentence {
        words,
        question,
        before: "",
        earlier: "",
        light: 0,
        into: 0,
        follow: false,
        handing: false,
    };
    for (at, raw) in words.iter().enumerate() {
        let word = bare(raw);
        if word.is_empty() {
            // A comma or a mark stood here: a clause begins.
            here.before = "";
            continue;
        }
        // A name alone, or "let me know", asks for nothing.
        let next = words.get(at + 1).map_or("", |next| bare(next));
        let alone = next.is_empty() || raw.ends_with(['.', ';', '!', '?', '-']);
        let tells = word == "let" && matches!(next, "me" | "us");
        all.unclear |= here.before.is_empty() && !question && !alone && !tells && unknown(word);
        here.acts(at, word, all);
        here.points(at, word, all);
        here.earlier = here.before;
        here.before = if raw.ends_with(['.', ';', '!', '?', '-']) { "" } else { word };
    }
}

impl Sentence<'_> {
    /// True if the words around a participle let it be done: "everything under 100 can be paid", "… kann bezahlt werden";
    /// not where somebody asks what can be.
    fn passive(&self, next: &str) -> bool {
        let has = |list: &str| self.words.iter().any(|word| among(list, bare(word)));
        let told =
            (self.before == "be" && among(MAY, self.earlier)) || (next == "werden" && has(KANN));
        // What a letter says that must be paid is told, not asked.
        let until = |word: &&&str| !among(MAY, bare(word)) && !among(KANN, bare(word));
        let looks = self.words.iter().take_while(until).any(|word| lexicon::reads(bare(word)));
        told && !self.question && !looks && !has(ABOUT)
    }

    fn starts(&self) -> bool {
        self.before.is_empty() || among(STARTS, self.before) || self.before.ends_with("ly")
    }

    /// What the word asks for.
    fn acts(&mut self, at: usize, word: &str, all: &mut Request) {
        let next = self.words.get(at + 1).map_or("", |next| bare(next));
        let starts = self.starts();
        let owned = among(OWNERS, self.before);
        all.topics = all.topics.or(lexicon::topics(word));
        let known = among("me us", self.before) && self.earlier == "let";
        all.understood |= (lexicon::reads(word) && !known)
            || (among(ASKS, word) && (self.before.is_empty() || self.question));
        let deed = lexicon::deed(word);
        if let Some((verb, form)) = lexicon::verb(word) {
            let act = !among("nothing nichts rien nada", next)
                && match form {
                    Form::Base if verb.noun_too || deed.is_some() => starts && !owned,
                    Form::Base => !owned && (!self.question || starts),
                    Form::Ing => {
                        (starts || among("by before after", self.before)) && !self.question
                    }
                    Form::Third | Form::Past => self.passive(next),
                };
            // "Before you start": when, not what.
            let when = among("you i we du ich tu je", self.before) && among(WHEN, self.earlier);
            let only_me = among(TELLERS, word) && among("me us mir uns moi nous nos", next);
            if act && !when && !only_me {
                all.kinds = all.kinds.or(verb.asked);
                all.understood = true;
            }
        }
        if let Some((kinds, topics)) = deed.filter(|_| self.light > 0 && !self.question) {
            all.kinds = all.kinds.or(kinds);
            all.topics = all.topics.or(topics);
        }
        // "Summarize it into short.md": what is read is to be written down.
        if [self.before, self.earlier].iter().any(|one| among("into nach", one))
            && crate::values::is_file(word)
        {
            all.kinds = all.kinds.or(Kinds::CREATE.or(Kinds::UPDATE));
        }
        // "Say thanks", "drop them a line", "confirm by reply": words go to somebody.
        let says = word == "say" && starts && !self.question && !among(ABOUT, next);
        let line = word == "line" && self.before == "a" && self.earlier != "in";
        let by = self.before == "by"
            && among("reply mail email e-mail sms text letter message", word)
            && !all.kinds.is_empty();
        if says || line || by {
            all.kinds = all.kinds.or(Kinds::SEND.or(Kinds::CREATE));
            all.understood = true;
        }
        // "And let her know."
        let let_know = word == "know" && {
            let near = self.words.iter().take(at).rev().take(5).map(|near| bare(near));
            let near: Vec<&str> = near.collect();
            let told =
                near.iter().position(|one| *one == "let").and_then(|let_| let_.checked_sub(1));
            told.and_then(|told| near.get(told)).is_some_and(|told| !among("me us", told))
        };
        if let_know {
            all.kinds = all.kinds.or(Kinds::SEND);
        }
        // "Get Greta into the chat", "let him in".
        if self.into > 0 && among("into in onto aboard", word) && !self.question {
            all.kinds = all.kinds.or(Kinds::INVITE.or(Kinds::UPDATE).or(Kinds::CREATE));
        }
        let counts =
            |list: &str, left: u8| if among(list, word) { 5 } else { left.saturating_sub(1) };
        self.into = counts("get bring let take", self.into);
        self.light = counts(LIGHT, self.light);
    }

    /// What the word points at, and if it hands a matter over.
    fn points(&mut self, at: usize, word: &str, all: &mut Request) {
        let next = self.words.get(at + 1).map_or("", |next| bare(next));
        let starts = self.starts();
        let verb = lexicon::verb(word);
        let base =
            |(verb, form): (lexicon::Verb, Form)| form == Form::Base && !verb.asked.is_empty();
        let done = starts && verb.is_some_and(base) && !among(OWNERS, self.before);
        let told = |(verb, form): (lexicon::Verb, Form)| {
            form == Form::Past && verb.done.meets(Kinds::SEND)
        };
        all.refers |= (among(TEXTS, word) && !done) || verb.is_some_and(told);
        let near = self.words.iter().skip(at + 1).take(3);
        let ahead = near
            .map(|near| bare(near))
            .any(|near| among("in on from listed named mentioned aus auf dans en de", near));
        let own_mail = among("email mail e-mail", word)
            && (among("his her their whose its", self.before) || among("is address", next));
        all.crowd |= among(CROWD, word) || among(THEM, word);
        all.seeks |= among(SOUGHT, word) || own_mail || (among(CROWD, word) && ahead);
        let whole = among("it this that them es das cela ca lo eso", word)
            && among("of with handle process do out to um", self.before);
        // "Mach, was sie möchte": what somebody else wants.
        let wish = among("mochte will wunscht braucht veut voudrait quiere", word)
            && among("er sie es il elle", self.before);
        // "Go through everything in my inbox" is to look at it.
        let all_of = among(ALL, word)
            && among("in on from aus auf dans en de nel", next)
            && among("do handle complete execute finish erledige mach mache fais haz", self.before);
        let matter =
            among(ORDERS, word) || wish || all_of || (self.handing && among(MATTERS, word));
        let through = word == "through" && self.before == "work";
        all.delegated |=
            through || (self.follow && matter) || (whole && self.follow && handled(self.words));
        self.handing |= (starts || !self.question) && among(HANDLE, word);
        self.follow |= (starts || !self.question) && among(FOLLOW, word);
    }
}

/// True if these words hand a matter over: "take care of it", "deal with that".
fn handled(words: &[&str]) -> bool {
    let has = |list: &str| words.iter().any(|word| among(list, bare(word)));
    has("care handle deal sort see process kummer kummere erledige occupe encargate")
        || (has("do") && has("it that this"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tokens::fold;

    #[test]
    fn what_somebody_wants_to_know_is_told_from_where_something_stands() {
        for (text, asks) in [
            ("Tell me when they collect paper.", true),
            ("Look at the page whether batteries are included.", true),
            ("Lis-moi ce que dit le programme, et quand ça ouvre.", true),
            ("It is in notes.txt.", false),
            ("Check the bill for the amount.", false),
        ] {
            assert_eq!(asks_to_know(&fold(text)), asks, "{text}");
        }
    }

    #[test]
    fn requests_are_read_from_words() {
        let send = Kinds::SEND;
        let none = Kinds::NONE;
        for (text, has, lacks) in [
            ("Please send Anna the report.", send, Kinds::PAY),
            ("How much did I pay for rent?", none, Kinds::PAY),
            ("Summarize the emails from Bob.", none, send),
            ("What does the last message say?", none, send),
            ("Can you email Bob the summary?", send, Kinds::PAY),
            ("Which hotel is cheapest, and book it", Kinds::BOOK, Kinds::PAY.and(Kinds::REMOVE)),
            ("I need a refund for the last order", Kinds::PAY, Kinds::REMOVE),
            ("Überweise bitte 50 € an Anna", Kinds::PAY, Kinds::SHARE),
            ("Lösche die alte Datei", Kinds::REMOVE, send),
            ("Invite Dora to the workspace", Kinds::INVITE, Kinds::PAY),
            ("Share price of our supplier?", none, Kinds::PAY),
            ("Move my dentist appointment to Friday", Kinds::UPDATE, Kinds::PAY),
            ("Move it to Friday and let Anna Berg know", send, Kinds::PAY),
            ("Look at it and let me know", none, send),
            ("Check the request and leave a short note", Kinds::CREATE, Kinds::PAY),
            ("Réponds à Paul", send, Kinds::PAY),
            ("Envía el informe a Marta", send, Kinds::REMOVE),
            ("If she paid, then say thanks", send, Kinds::PAY.and(send)),
            ("What does the note say?", none, send),
            ("Put the summary into #general", send, Kinds::PAY),
            ("Add it to the case of #W4267", Kinds::CREATE, send),
            ("Thanks. Drop them a line too", send, Kinds::PAY),
            ("Do the same payment to Ada as last month", Kinds::PAY, send),
            ("Do they make a payment to Ada?", none, Kinds::PAY),
            ("Everything under 100 euros can be paid", Kinds::PAY, none),
            ("Das kann bezahlt werden", Kinds::PAY, none),
            ("Tell me which bills can be paid", none, Kinds::PAY),
            ("Read me the mail that says that rent must be paid", none, Kinds::PAY),
            ("Read me the mail about a hotel for 2 nights", none, Kinds::BOOK),
            ("Send her back what I owe", Kinds::PAY, none),
            ("Put a short text into channel nat3", send, Kinds::PAY),
            ("Make a channel for the team", none, send),
            ("Table for 5 this Saturday at seven", Kinds::BOOK, Kinds::PAY),
            ("What is a table for 5?", none, Kinds::BOOK),
            ("Hazle la transferencia", Kinds::PAY, none),
        ] {
            let found = request(&fold(text));
            assert_eq!(found.kinds.and(has), has, "{text}: {found:?}");
            assert!(!found.kinds.meets(lacks), "{text}: {found:?}");
        }
        assert!(request(&fold("Ada has a new phone number, see ticket 7.")).renews);
        assert!(!request(&fold("Send the new report to Ada.")).renews);
        for text in [
            "Pay the rent, same amount and account as last month.",
            "Pay the bill; the account is the one I always use.",
            "Rembourse-la, tu trouves son compte dans mes opérations.",
        ] {
            assert!(request(&fold(text)).usual, "{text}");
        }
        assert!(!request(&fold("Pay it to the account in the bill.")).usual);
        assert!(request(&fold("Send it to where the form says.")).seeks);
        assert!(request(&fold("Do what the mail of Anna asks.")).delegated);
        assert!(request(&fold("Complete the tasks on my list")).delegated);
        assert!(request(&fold("Do everything in the travel note")).delegated);
        assert!(!request(&fold("Do everything again for the party")).delegated);
        assert!(!request(&fold("Go through everything in my inbox and sum it up")).delegated);
        assert!(request(&fold("She changed banks, see letter.txt.")).rebanks);
        assert!(request(&fold("Their new account is in letter.txt.")).rebanks);
        assert!(!request(&fold("Pay the new bill, the account is in it.")).rebanks);
        assert!(request(&fold("Mach, was sie möchte.")).delegated);
        assert!(!request(&fold("Mach einen Termin, ich möchte am Freitag kommen.")).delegated);
        assert!(!request(&fold("Send Anna the list of tasks")).delegated);
    }
}
