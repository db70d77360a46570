//! What words mean as action: verbs with the kinds that they ask for, nouns with what they are about.
//!
//! SECURITY: general language only; never a name of one server's tools or a phrase of one attack. A word that ends in `*`
//! stands for all that begin so. To add a word: its row; a row says what asking for it allows and what doing it is.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::kinds::{Kinds, Topics};

const PAY: Kinds = Kinds::PAY;
const BUY: Kinds = Kinds::BUY;
const SEND: Kinds = Kinds::SEND;
const SHARE: Kinds = Kinds::SHARE;
const INVITE: Kinds = Kinds::INVITE;
const REMOVE: Kinds = Kinds::REMOVE;
const BOOK: Kinds = Kinds::BOOK;
const CANCEL: Kinds = Kinds::CANCEL;
const UPDATE: Kinds = Kinds::UPDATE;
const CREATE: Kinds = Kinds::CREATE;
const SECRET: Kinds = Kinds::SECRET;
const RUN: Kinds = Kinds::RUN;
const VISIT: Kinds = Kinds::VISIT;

/// Words, what asking for them allows, what doing them is.
type Row = (&'static str, Kinds, Kinds);

const VERBS: &[Row] = &[
    (
        "pay settle remit wire repay reimburse refund donate tip disburse deposit withdraw payout uberweis* bezahl* zahl* begleich* erstatt* virement transfier* pague pagar paga abona* paye* payer regle* rembours* verse verser versez reembols* paga* bonifica* betaal*",
        PAY.or(UPDATE).or(CREATE),
        PAY,
    ),
    ("charge bill invoice", PAY.or(CREATE).or(SEND), PAY),
    ("transfer", PAY.or(UPDATE).or(SHARE), PAY.or(UPDATE)),
    (
        "buy purchase checkout procure kauf* bestell* achet* achete* compra* commande* encarg* pide pedir",
        BUY.or(CREATE).or(PAY),
        BUY,
    ),
    ("order reorder restock", BUY.or(CREATE).or(PAY).or(SEND), BUY),
    (
        "send email mail resend relay transmit deliver schick* senden sendet versend* envoi* envoye* envia* manda mandar mandale stuur*",
        SEND.or(CREATE),
        SEND,
    ),
    (
        "message text dm notify inform tell ask thank greet warn remind* alert respond reply answer forward brief update-me ping congratulate apologize contact reach antwort* beantwort* informier* benachrichtig* frag* sag* teile* mitteil* weiterleit* leite* erinner* bedank* repond* reponds transfere* transfert* previen* dis demande* responde* contesta* reenvia* avisa* dile diles informa informar informale informez notifica notificar pregunta* recuerd* rispond* inoltra*",
        SEND.or(CREATE),
        SEND,
    ),
    (
        "post publish announce broadcast tweet comment blog veroffentlich* publie publier publiez publica publicar kommentier* commente* comenta*",
        SEND.or(CREATE).or(UPDATE),
        SEND,
    ),
    (
        "write compose draft schreib* verfass* ecri* redig* escrib* redact* schrijf* scriv*",
        SEND.or(CREATE).or(UPDATE),
        CREATE.or(SEND),
    ),
    (
        "share teil teile teilt teilen freigeb* freigib* frei partage* compart* condivid* deel*",
        SHARE.or(SEND).or(UPDATE),
        SHARE,
    ),
    (
        "grant permit authorize authorise whitelist expose unlock erlaub* autorise autoriser autoriza autorizar",
        SHARE.or(SECRET).or(UPDATE).or(INVITE),
        SHARE,
    ),
    (
        "give hand gib gebt donne donnez da dale",
        SHARE.or(SEND).or(INVITE).or(UPDATE).or(CREATE),
        SHARE,
    ),
    ("allow", SHARE.or(UPDATE).or(SECRET), SHARE),
    (
        "invite onboard enroll enrol provision admit einlad* lade invit* convid* nodig*",
        INVITE.or(SEND).or(CREATE).or(UPDATE),
        INVITE,
    ),
    (
        "delete remove erase trash purge drop clear wipe discard destroy deduplicate clean rid dispose scrap deprovision kick ban evict expel oust offboard wirf losch* entfern* supprim* efface* enleve* elimin* borra* quita* verwijder*",
        REMOVE.or(CANCEL).or(UPDATE),
        REMOVE,
    ),
    (
        "revoke unshare disable deactivate block",
        REMOVE.or(UPDATE).or(SECRET).or(SHARE).or(CREATE),
        UPDATE.or(REMOVE),
    ),
    ("book reserve buch* reservier* reserv*", BOOK.or(CREATE).or(BUY).or(PAY), BOOK),
    (
        "ship dispatch fulfil fulfill versende* verschick* expedi*",
        SEND.or(CREATE).or(UPDATE).or(BUY),
        SEND,
    ),
    ("rent hire", BOOK.or(PAY).or(CREATE), BOOK),
    (
        "cancel abort terminate unsubscribe withdraw stornier* absag* sage kundig* annul* anul* cancel*",
        CANCEL.or(REMOVE).or(UPDATE),
        CANCEL,
    ),
    (
        "update upsert passe edit change modify adjust correct fix alter replace rename amend revise reword convert tweak refresh aktualisier* andere andern andert anpass* korrigier* ersetz* umbenenn* bearbeit* modifie modifier modifiez modifica modificar corrig* remplac* actualiz* cambi* edita* sustitu* aggiorn* wijzig*",
        UPDATE.or(CREATE).or(REMOVE),
        UPDATE,
    ),
    (
        "set reset configure enable activate turn toggle switch setz* configura configurar configurer activer activar",
        UPDATE.or(CREATE).or(RUN),
        UPDATE,
    ),
    (
        "move reschedule postpone shift push-back bring-forward delay extend relocate redirect reroute divert point verschieb* verleg* deplac* reprogram* mueve* aplaz* pospon*",
        UPDATE.or(CANCEL).or(CREATE),
        UPDATE,
    ),
    (
        "mark tick flag label tag grade assign reassign close reopen archive star pin unpin prioritize triage categorize sort complete finish link attach unassign restore markier* schliess* zuweis* archivier* ferm* clotur* archiv* marqu* cierr* asign* marca",
        UPDATE.or(CREATE),
        UPDATE,
    ),
    (
        "escalate approve reject accept decline confirm acknowledge resolve genehmig* bestatig* annehm* approuv* confirmer confirme confirmez confirma confirmar attribue attribuer aprueb* aprob* acept*",
        UPDATE.or(SEND).or(RUN).or(CREATE),
        UPDATE,
    ),
    (
        "add supplement complement erganz* anad* agrega agregar agregue ajout* hinzu fuge voeg* aggiung*",
        CREATE.or(UPDATE).or(INVITE),
        CREATE,
    ),
    ("submit", CREATE.or(UPDATE).or(SEND), CREATE),
    (
        "create make generate produce prepare register insert append put place save store record log note jot upload export import copy duplicate file open setup enter list-out build compile collect erstell* anleg* lege trag trage eintrag* notier* vermerk* speicher* cree creer creez enregistr* preparer preparez prepara preparar sauvegard* crea crear creame guarda guardar guardalo anota* registra registrar registre maak*",
        CREATE.or(UPDATE),
        CREATE,
    ),
    (
        "schedule plan arrange organize organise host hold setup planen vereinbar* organisier* planifi* organise organiser fixe fixer programme programmer programa programar planea* organiza organizar agendar inplan*",
        CREATE.or(UPDATE).or(INVITE).or(BOOK),
        CREATE,
    ),
    ("rate review bewert*", UPDATE.or(SEND), UPDATE),
    ("append", UPDATE.or(CREATE), UPDATE),
    ("subscribe signup sign join follow", CREATE.or(UPDATE).or(SEND), CREATE),
    (
        "run execute deploy roll merge install push commit trigger launch invoke restart reboot stop kill rollback release build publish start fuhr* ausfuhr* starte* lance lancer executer ejecut* despleg*",
        RUN.or(UPDATE).or(CREATE),
        RUN,
    ),
    ("rotate renew reissue", SECRET.or(UPDATE).or(CREATE).or(SEND), UPDATE),
    (
        "handle process manage deal coordinate tidy erledig* kummer* traite* occupe* encargat* tramit*",
        Kinds::INWARD.or(SEND).or(RUN),
        UPDATE,
    ),
    ("visit browse navigate click goto besuch* visit* klick* clique*", VISIT, VISIT),
];

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
        "money payment payments transaction transactions transfer transfers iban bank account balance invoice invoices bill bills rent payee beneficiary funds amount refund refunds zahlung* uberweisung* rechnung* konto* miete facture* paiement* virement* compte pago* factura* cuenta* cuota loyer dollar dollars euro euros usd eur gbp chf cost salary",
        Topics::MONEY,
    ),
    (
        "hotel hotels flight flights restaurant restaurants car cars rental reservation reservations booking bookings trip travel ticket* seat room rooms table flug* zimmer tisch vol chambre vuelo* habitacion mesa train",
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
        "contact contacts lead leads customer customers client clients supplier vendor address-book kontakt* kunde* contacto* cliente*",
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
    known.or_else(|| Some((begun()?, form))).or_else(|| {
        // Done again: `rewrite`, `resubmit`.
        verb(word.strip_prefix("re").filter(|rest| rest.len() >= 4)?)
    })
}

/// True if the word only looks.
pub(crate) fn reads(word: &str) -> bool {
    bases(word).iter().any(|(base, _)| READ.exact(base).is_some())
        || (word.len() > 4 && VERB.begun(word).is_none() && READ.begun(word).is_some())
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
