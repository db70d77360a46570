//! One visit of somebody signed in: who they are, what surrounds their pages, and how what went wrong is told them.
//!
//! Never here: a page. SECURITY: a changing request is only read as [`Sent`], which has checked its session's token.

use std::sync::Arc;

use axum::{
    extract::{Form, FromRequest, FromRequestParts, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use tokio::sync::Semaphore;
use writ_desk::{Desk, DeskError, Session, SignedBy, Who};

use crate::{
    flash::Flashes,
    form::Given,
    page::{plain::WrongPage, render},
    part::Refused,
    route,
    shell::{ClientRef, Notice, Section, Shell, Signed},
    view::{self, Acted, ClientRow, QueueView},
};

/// What is said of an act that was taken and waits for others.
pub(crate) const WAITS: &str = "It is not done yet: the charter says that others say yes first. It waits here, and is done \
                                at once with the last yes.";

/// What every handler has.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    pub(crate) desk: Desk,
    pub(crate) flashes: Arc<Flashes>,
    pub(crate) streams: Arc<Semaphore>,
}

/// A handler's answer: a page, or what went wrong, as a page.
pub(crate) type Answer = Result<Response, Wrong>;

/// What went wrong, as a page.
#[derive(Debug)]
pub(crate) struct Wrong(Box<(StatusCode, WrongPage)>);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let (status, page) = *self.0;
        render(status, &page)
    }
}

/// Somebody signed in.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) desk: Desk,
    pub(crate) who: Who,
    pub(crate) session: Session,
    pub(crate) clients: Vec<ClientRow>,
    pub(crate) queue: QueueView,
    pub(crate) flashes: Arc<Flashes>,
    /// The provider's own space, for its people.
    pub(crate) home: Option<view::ClientRef>,
    base: Shell,
}

/// Why there is no visit.
enum Shut {
    /// Nobody is signed in.
    Nobody,
    /// Somebody is, by the first link, which only makes the first passkey.
    FirstLink,
    /// The desk failed.
    Fault(DeskError),
}

impl From<DeskError> for Shut {
    fn from(fault: DeskError) -> Self {
        Self::Fault(fault)
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        if !console.desk.host_is_ours(&parts.headers, &parts.uri) {
            let text = format!("This server answers only as {}.\n", console.desk.origin());
            return Err((StatusCode::FORBIDDEN, text).into_response());
        }
        Self::open(console, &parts.headers).await.map_err(|shut| match shut {
            Shut::Nobody => {
                let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let reads = matches!(parts.method, Method::GET | Method::HEAD) && asked != "/";
                let next = reads.then(|| route::local(asked)).flatten().unwrap_or_default();
                Redirect::to(&route::query(route::sign_in(), &[("next", &next)])).into_response()
            }
            Shut::FirstLink => Redirect::to(&route::welcome()).into_response(),
            Shut::Fault(fault) => plainly(&fault),
        })
    }
}

/// A failure before there is anybody to show a page to.
pub(crate) fn plainly(fault: &DeskError) -> Response {
    (status(fault), format!("{} {}\n", crate::part::sentence(&fault.detail()), fault.cure()))
        .into_response()
}

impl Visit {
    async fn open(console: &Console, headers: &HeaderMap) -> Result<Self, Shut> {
        let desk = console.desk.clone();
        let session = desk.session(headers).await?.ok_or(Shut::Nobody)?;
        if session.how == SignedBy::Link {
            return Err(Shut::FirstLink);
        }
        let who = session.who;
        let clients = desk.clients(&who).await?;
        let queue = desk.queue(&who).await?;
        let name = desk.me(&who).await?.person.name;
        let provider = desk.provider(&who).await.ok();
        let home = provider.as_ref().map(|view| {
            let (tenant, name, slug) = (view.tenant, view.name.clone(), view.slug.clone());
            view::ClientRef { tenant, name, slug }
        });
        let csrf = session.csrf.expose().clone();
        let named = clients.iter().take(Shell::NAMED).map(|row| ClientRef::of(&row.client));
        let base = Shell {
            clients: named.collect(),
            clients_total: u64::try_from(clients.len()).unwrap_or(u64::MAX),
            signed: Some(Signed { name, csrf }),
            waiting: queue.total,
            provider: provider.map(|view| view.name).unwrap_or_default(),
            home: home.as_ref().map(ClientRef::of),
            now: desk.now(),
            ..Shell::default()
        };
        let flashes = Arc::clone(&console.flashes);
        Ok(Self { desk, who, session, clients, queue, flashes, home, base })
    }

    /// What surrounds a page about all clients.
    pub(crate) fn shell(&self, title: &str, section: Section) -> Shell {
        let notice = self.flashes.take_notice(&self.session);
        Shell { title: title.to_owned(), section, notice, ..self.base.clone() }
    }

    /// What surrounds nothing: names and the instant, without a notice.
    pub(crate) fn plain(&self) -> Shell {
        self.base.clone()
    }

    /// What surrounds a page in a client's space.
    pub(crate) fn shell_at(
        &self,
        client: &str,
        title: &str,
        section: Section,
    ) -> Result<Shell, Wrong> {
        let client = Some(ClientRef::of(&self.place(client)?));
        Ok(Shell { client, ..self.shell(title, section) })
    }

    /// A client this person is seated at, by short name or id.
    pub(crate) fn client(&self, name: &str) -> Result<&ClientRow, Wrong> {
        let mut rows = self.clients.iter();
        let found =
            rows.find(|row| row.client.slug == name || row.client.tenant.to_string() == name);
        found.ok_or_else(|| self.wrong(&DeskError::not_visible("client", name)))
    }

    /// A client this person is seated at, or the provider's own space, by short name or id.
    pub(crate) fn place(&self, name: &str) -> Result<view::ClientRef, Wrong> {
        let home = self.home.iter().find(|one| one.slug == name || one.tenant.to_string() == name);
        home.map_or_else(|| Ok(self.client(name)?.client.clone()), |home| Ok(home.clone()))
    }

    /// What went wrong, as a page.
    pub(crate) fn wrong(&self, fault: &DeskError) -> Wrong {
        let heading = fault.title().to_owned();
        let shell = Shell { title: heading.clone(), ..self.base.clone() };
        Wrong(Box::new((status(fault), WrongPage { shell, heading, refused: refused(fault) })))
    }

    /// The value, or what went wrong as a page.
    pub(crate) fn tell<T>(&self, result: Result<T, DeskError>) -> Result<T, Wrong> {
        result.map_err(|fault| self.wrong(&fault))
    }

    /// Where it goes on, if it is not wrong but not done either: to what must be signed first, or to what waits for others.
    pub(crate) fn goes_on(&self, fault: &DeskError) -> Option<Response> {
        match fault {
            DeskError::NeedsSignature(signing) => {
                Some(Redirect::to(&route::signing(&signing.code)).into_response())
            }
            DeskError::Waits(held) => {
                let hold = held.hold.to_string();
                let line = Some((held.line, route::line(&held.client.slug, &held.line)));
                self.flashes.notice(&self.session, Notice { what: WAITS.to_owned(), line });
                Some(Redirect::to(&route::approval(&held.client.slug, &hold)).into_response())
            }
            _ => None,
        }
    }

    /// To another page, which says what was done.
    pub(crate) fn done(&self, client: &str, acted: &Acted, to: &str) -> Response {
        let what = acted.says.iter().map(|one| crate::part::sentence(one)).collect::<Vec<_>>();
        let line = Some((acted.line, route::line(client, &acted.line)));
        self.flashes.notice(&self.session, Notice { what: what.join(" "), line });
        Redirect::to(to).into_response()
    }
}

/// An error as a form or a page tells it.
pub(crate) fn refused(fault: &DeskError) -> Refused {
    Refused {
        code: fault.code().to_string(),
        field: fault.field().unwrap_or_default().to_owned(),
        what: fault.detail(),
        cure: fault.cure().to_owned(),
    }
}

/// Everything that is wrong with what was sent, where the desk said so at once.
pub(crate) fn wrongs(fault: &DeskError) -> &[writ_desk::Wrong] {
    match fault {
        DeskError::Unfit { wrongs, .. } => wrongs,
        _ => &[],
    }
}

/// The status of a form that is shown again.
pub(crate) fn status(fault: &DeskError) -> StatusCode {
    StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A submitted form of somebody signed in, that came from our own page.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) visit: Visit,
    pub(crate) given: Given,
}

impl FromRequest<Console> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, console).await?;
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, console)
            .await
            .map_err(|_unreadable| {
                let cure = "Send it again from the page.";
                let fault = DeskError::bad("form", "this form cannot be read", cure);
                visit.wrong(&fault).into_response()
            })?;
        let given = Given(fields);
        let token = given.one("csrf");
        if let Err(fault) = visit.desk.check_form(&headers, &visit.session, token) {
            return Err(visit.wrong(&fault).into_response());
        }
        Ok(Self { visit, given })
    }
}

/// Ends the session, also one that a first link opened.
pub(crate) async fn sign_out(State(console): State<Console>, request: Request) -> Response {
    let session = match console.desk.session(request.headers()).await {
        Ok(Some(session)) if session.how == SignedBy::Link => session,
        Ok(_) => {
            return match Sent::from_request(request, &console).await {
                Ok(sent) => left(&sent.visit.desk, &sent.visit.session),
                Err(refused) => refused,
            };
        }
        Err(fault) => return plainly(&fault),
    };
    let headers = request.headers().clone();
    let fields = Form::<Vec<(String, String)>>::from_request(request, &console).await;
    let given = fields.map_or_else(|_unreadable| Given::default(), |Form(fields)| Given(fields));
    match console.desk.check_form(&headers, &session, given.one("csrf")) {
        Ok(()) => left(&console.desk, &session),
        Err(fault) => plainly(&fault),
    }
}

fn left(desk: &Desk, session: &Session) -> Response {
    desk.sign_out(session);
    let to = route::query(route::sign_in(), &[("left", "yes")]);
    ([(header::SET_COOKIE, Desk::clear_cookie())], Redirect::to(&to)).into_response()
}
