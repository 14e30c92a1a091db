//! HTTP: requests to calls, replies to responses.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::control;
use super::query;
use super::shared::{Reply, Request, Shared};
use super::wire::Wire;
use super::xml;

/// The largest request; user data of 16 KiB are its greatest part.
const LARGEST: usize = 1 << 20;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().nest("/_bakec", control::router()).fallback(api).with_state(shared)
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: HttpRequest,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "a request has at most 1 MiB");
    };
    let header =
        |headers: &HeaderMap, name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_string);
    let authorization = header(&parts.headers, header::AUTHORIZATION);
    let date = header(&parts.headers, header::HeaderName::from_static("x-amz-date"));
    let token = header(&parts.headers, header::HeaderName::from_static("x-amz-security-token"));
    let form = form(parts.uri.query(), &body);
    let values = match query::decode(&form) {
        Ok(values) => values,
        Err(error) => {
            let request = shared.state().world.uuid();
            let service = super::auth::Service::Ec2;
            return respond(&shared, &wire, Reply::Refusal { service, request, error });
        }
    };
    let reply = shared.call(Request { values, authorization, date, token }).await;
    respond(&shared, &wire, reply)
}

/// Parameters stand in the URL, in the body, or in both.
fn form(query: Option<&str>, body: &Bytes) -> Vec<u8> {
    let parts: Vec<&[u8]> =
        query.map(str::as_bytes).into_iter().chain([&body[..]]).filter(|part| !part.is_empty()).collect();
    parts.join(&b'&')
}

fn respond(shared: &Shared, wire: &Wire, reply: Reply) -> Response {
    let (status, request, text) = match reply {
        Reply::Answer { service, action, request, fields } => {
            (200, request.clone(), xml::answer(service, &action, &request, fields))
        }
        Reply::Refusal { service, request, error } => {
            (error.status, request.clone(), xml::refusal(service, &request, &error))
        }
        Reply::Nothing => {
            wire.cut();
            return Response::new(Body::empty());
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let date = {
        let state = shared.state();
        state.world.clock.http(state.world.now())
    };
    let headers = [
        (header::CONTENT_TYPE, "text/xml;charset=UTF-8"),
        (header::DATE, date.as_str()),
        (header::HeaderName::from_static("x-amzn-requestid"), request.as_str()),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

pub(crate) fn plain(status: StatusCode, words: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{words}\n")));
    *response.status_mut() = status;
    response
}
