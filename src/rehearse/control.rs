//! What is outside AWS's API, below `/_bakec/`: the inventory, the record of calls, faults, holds, what is supposed, reset.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::faults::Fault;
use super::holds::{HoldAt, HoldState};
use super::server::plain;
use super::shared::Shared;
use super::supposed::Supposed;

type Server = State<Arc<Shared>>;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/inventory", get(inventory))
        .route("/calls", get(calls))
        .route("/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/hold", get(holds).post(hold))
        .route("/hold/{number}", get(hold_state).delete(release))
        .route("/suppose", post(suppose))
        .route("/reset", post(reset))
}

fn reply(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|error| Box::new(plain(StatusCode::BAD_REQUEST, &error.to_string())))
}

async fn inventory(State(shared): Server) -> Response {
    reply(&shared.inventory())
}

async fn calls(State(shared): Server) -> Response {
    reply(&shared.calls())
}

async fn faults(State(shared): Server) -> Response {
    let state = shared.state();
    let list: Vec<_> = state
        .faults
        .list()
        .map(|(fault, counted, struck)| json!({ "fault": fault, "counted": counted, "struck": struck }))
        .collect();
    reply(&list)
}

/// One fault as an object, or as the word of the command line; or several of them in an array.
async fn set_faults(State(shared): Server, body: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum One {
        Word(String),
        Fault(Fault),
    }
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Given {
        Many(Vec<One>),
        One(One),
    }
    let given = match read(&body) {
        Ok(Given::Many(faults)) => faults,
        Ok(Given::One(fault)) => vec![fault],
        Err(refusal) => return *refusal,
    };
    let mut faults = Vec::new();
    for one in given {
        let fault = match one {
            One::Word(word) => word.parse(),
            One::Fault(fault) => fault.check().map(|()| fault),
        };
        match fault {
            Ok(fault) => faults.push(fault),
            Err(words) => return plain(StatusCode::BAD_REQUEST, &words),
        }
    }
    let count = faults.len();
    faults.into_iter().for_each(|fault| shared.add_fault(fault));
    reply(&json!({ "set": count }))
}

async fn clear_faults(State(shared): Server) -> Response {
    shared.state().faults.clear();
    reply(&json!({ "cleared": true }))
}

async fn holds(State(shared): Server) -> Response {
    reply(&shared.holds.all())
}

async fn hold(State(shared): Server, body: Bytes) -> Response {
    match read::<HoldAt>(&body) {
        Ok(what) if what.at == 0 => plain(StatusCode::BAD_REQUEST, "calls are counted from 1"),
        Ok(what) => reply(&json!({ "hold": shared.holds.arm(what) })),
        Err(refusal) => *refusal,
    }
}

/// With `?while=armed&wait=10`: waits, up to so many seconds, until the hold is no longer armed; the same for `held`.
async fn hold_state(State(shared): Server, Path(number): Path<usize>, RawQuery(query): RawQuery) -> Response {
    let (mut state, mut wait) = (HoldState::Armed, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("while", "armed") => state = HoldState::Armed,
            ("while", "held") => state = HoldState::Held,
            ("wait", seconds) => {
                let seconds = seconds.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
                let Some(seconds) = seconds else {
                    return plain(StatusCode::BAD_REQUEST, "`wait` is a number of seconds");
                };
                wait = Some(seconds);
            }
            _ => {
                return plain(
                    StatusCode::BAD_REQUEST,
                    "a hold is asked for with `while=armed|held` and `wait=SECONDS`",
                );
            }
        }
    }
    if let Some(wait) = wait {
        // Past the time the hold is shown as it stands.
        let _ = tokio::time::timeout(wait, shared.holds.leaves(number, state)).await;
    }
    match shared.holds.get(number) {
        Some(hold) => reply(&hold),
        None => plain(StatusCode::NOT_FOUND, "there is no such hold"),
    }
}

async fn release(State(shared): Server, Path(number): Path<usize>) -> Response {
    match shared.holds.release(number) {
        true => reply(&json!({ "released": number })),
        false => plain(StatusCode::NOT_FOUND, "there is no such hold"),
    }
}

/// Something that a plan takes to be there, or several of them in an array; what was made of it, by name.
async fn suppose(State(shared): Server, body: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Given {
        Many(Vec<Supposed>),
        One(Box<Supposed>),
    }
    let all = match read(&body) {
        Ok(Given::Many(all)) => all,
        Ok(Given::One(one)) => vec![*one],
        Err(refusal) => return *refusal,
    };
    let made: Vec<String> = all.iter().filter_map(|one| shared.suppose(one)).collect();
    reply(&json!({ "made": made }))
}

async fn reset(State(shared): Server) -> Response {
    shared.reset();
    reply(&json!({ "reset": true }))
}
