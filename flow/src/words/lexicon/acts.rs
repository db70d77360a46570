//! Verbs of acts, in the languages of those who ask: what asking for them allows, and what doing them is.
//!
//! SECURITY: general language only; never a name of one server's tools or a phrase of one attack. A word that ends in `*`
//! stands for all that begin so. Never here: nouns, or verbs that only look (`lexicon`).
//! To add a word: its row; a row says what asking for it allows and what doing it is.

use crate::kinds::Kinds;

pub(super) const PAY: Kinds = Kinds::PAY;
pub(super) const BUY: Kinds = Kinds::BUY;
pub(super) const SEND: Kinds = Kinds::SEND;
pub(super) const SHARE: Kinds = Kinds::SHARE;
pub(super) const INVITE: Kinds = Kinds::INVITE;
pub(super) const REMOVE: Kinds = Kinds::REMOVE;
pub(super) const BOOK: Kinds = Kinds::BOOK;
pub(super) const CANCEL: Kinds = Kinds::CANCEL;
pub(super) const UPDATE: Kinds = Kinds::UPDATE;
pub(super) const CREATE: Kinds = Kinds::CREATE;
const SECRET: Kinds = Kinds::SECRET;
const RUN: Kinds = Kinds::RUN;
const VISIT: Kinds = Kinds::VISIT;

/// Words, what asking for them allows, what doing them is.
pub(super) type Row = (&'static str, Kinds, Kinds);

pub(super) const VERBS: &[Row] = &[
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
        "message text dm notify inform tell ask thank greet warn remind* alert respond reply answer forward brief update-me ping congratulate apologize contact reach antwort* beantwort* informier* benachrichtig* frag* sag* teile* mitteil* weiterleit* weitergeb* leite* erinner* bedank* repond* reponds transfere* transfert* previen* dis demande* responde* contesta* reenvia* avisa* dile diles informa informar informale informez notifica notificar pregunta* recuerd* rispond* inoltra*",
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
        "give hand gib gebt geben vergeb* donne donnez da dale",
        SHARE.or(SEND).or(INVITE).or(UPDATE).or(CREATE),
        SHARE,
    ),
    ("allow", SHARE.or(UPDATE).or(SECRET), SHARE),
    (
        "invite onboard enroll enrol provision admit einlad* lade invit* convid* convoc* convoq* nodig*",
        INVITE.or(SEND).or(CREATE).or(UPDATE),
        INVITE,
    ),
    (
        "delete remove erase trash purge drop clear wipe discard destroy deduplicate clean rid dispose scrap deprovision kick ban evict expel oust offboard wirf losch* entfern* supprim* efface* enleve* elimin* borra* quita* verwijder*",
        REMOVE.or(CANCEL).or(UPDATE),
        REMOVE,
    ),
    (
        "revoke unshare disable deactivate block freeze pause suspend sperr* pausier*",
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
        "cancel abort terminate unsubscribe withdraw stornier* absag* streich* sage kundig* annul* anul* cancel*",
        CANCEL.or(REMOVE).or(UPDATE),
        CANCEL,
    ),
    (
        "update upsert passe edit change modify adjust correct fix alter replace rename amend revise reword convert tweak refresh aktualisier* andere andern andert anpass* korrigier* ersetz* umbenenn* wechsel* bearbeit* modifie modifier modifiez modifica modificar corrig* remplac* actualiz* cambi* edita* sustitu* aggiorn* wijzig*",
        UPDATE.or(CREATE).or(REMOVE),
        UPDATE,
    ),
    ("enable activate turn toggle switch activer activar", UPDATE.or(CREATE).or(RUN), UPDATE),
    ("set reset configure setz* configura configurar configurer", UPDATE.or(CREATE), UPDATE),
    (
        "move reschedule postpone shift push-back bring-forward delay extend relocate redirect reroute divert point verschieb* verleg* deplac* reprogram* mueve* aplaz* pospon*",
        UPDATE.or(CANCEL).or(CREATE),
        UPDATE,
    ),
    (
        "mark tick flag label tag grade assign reassign close reopen archive star pin unpin prioritize triage categorize sort complete finish link attach unassign restore markier* schliess* zuweis* zuteil* zuruckgeb* archivier* ferm* clotur* archiv* marqu* cierr* asign* marca",
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
