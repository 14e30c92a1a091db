//! The first stretch of the way to a server: straight, or through a proxy that speaks SOCKS 5 or HTTP.
//!
//! It must not know SSH. Neighbours: `connect` goes on from there, through bastions.

use std::io::{self, ErrorKind};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_socks::tcp::Socks5Stream;

use super::Target;
use super::connect::plain;
use super::fault::Fault;
use crate::run::build::Proxy;

/// How long a port may take to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(15);
/// A proxy may wait as long itself.
const PROXY: Duration = Duration::from_secs(30);
/// More is no answer of a proxy.
const HEAD: usize = 16 * 1024;

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A stream to a server; `meanwhile` is what went wrong where the time ends within it.
pub(super) async fn dial(
    target: &Target,
    proxy: Option<&Proxy>,
    meanwhile: &mut Fault,
) -> Result<Box<dyn Stream>, Fault> {
    let Some(proxy) = proxy else { return Ok(Box::new(straight(target, meanwhile).await?)) };
    let at = Target { host: proxy.host.clone(), port: proxy.port };
    let through = |why: String| Fault::Proxy { at: at.clone(), why };
    let stream = straight(&at, meanwhile).await.map_err(|fault| through(fault.to_string()))?;
    *meanwhile = through("it does not say whether it connects".to_owned());
    let asked =
        async { if proxy.http { http(stream, target, proxy).await } else { socks(stream, target, proxy).await } };
    match timeout(PROXY, asked).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(Refusal::Passing(why))) => Err(through(why)),
        Ok(Err(Refusal::Final(why))) => Err(Fault::ProxyRefused { at, why }),
        Err(_) => Err(meanwhile.clone()),
    }
}

async fn straight(target: &Target, meanwhile: &mut Fault) -> Result<TcpStream, Fault> {
    let Target { host, port } = target;
    *meanwhile = Fault::Name("the look-up takes too long".to_owned());
    let found = timeout(ANSWER, lookup_host((host.as_str(), *port))).await;
    let addresses = match found {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(e)) => return Err(Fault::Name(plain(&e))),
        Err(_) => return Err(meanwhile.clone()),
    };
    *meanwhile = Fault::Silent;
    let mut fault = Fault::Name("the look-up found nothing".to_owned());
    for address in addresses {
        fault = match timeout(ANSWER, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small packets go at once; where that cannot be, they still go.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(_) => Fault::Silent,
            Ok(Err(e)) => match e.kind() {
                ErrorKind::ConnectionRefused => Fault::Closed,
                ErrorKind::TimedOut => Fault::Silent,
                _ => Fault::Unreachable(plain(&e)),
            },
        };
    }
    Err(fault)
}

/// Why a proxy does not connect.
enum Refusal {
    /// Another time it may.
    Passing(String),
    /// It never will.
    Final(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Passing(plain(&error))
    }
}

async fn socks(stream: TcpStream, target: &Target, proxy: &Proxy) -> Result<Box<dyn Stream>, Refusal> {
    use tokio_socks::Error;

    // The proxy looks the name up: it may know names that we do not.
    let to = (target.host.as_str(), target.port);
    let asked = match &proxy.username {
        Some(user) => {
            // What knows no empty password is given one that says nothing.
            let password = proxy.password.as_ref().map_or(" ", |p| p.reveal());
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, to).await,
    };
    asked.map(|stream| Box::new(stream) as Box<dyn Stream>).map_err(|error| match error {
        Error::NoAcceptableAuthMethods | Error::UnknownAuthMethod => {
            Refusal::Final("it wants to know who asks".to_owned())
        }
        Error::PasswordAuthFailure(_) => Refusal::Final("it refuses the user or the password".to_owned()),
        Error::ConnectionNotAllowedByRuleset => Refusal::Final(format!("its rules forbid {target}")),
        Error::InvalidResponseVersion => Refusal::Final("what answers does not speak SOCKS 5".to_owned()),
        Error::ConnectionRefused => Refusal::Passing(format!("the port of {target} is closed")),
        Error::HostUnreachable | Error::NetworkUnreachable | Error::TtlExpired => {
            Refusal::Passing(format!("{target} cannot be reached from it"))
        }
        Error::GeneralSocksServerFailure => Refusal::Passing(format!("it does not get to {target}")),
        Error::Io(error) => Refusal::Passing(plain(&error)),
        other => Refusal::Passing(other.to_string().to_lowercase()),
    })
}

async fn http(mut stream: TcpStream, target: &Target, proxy: &Proxy) -> Result<Box<dyn Stream>, Refusal> {
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(user) = &proxy.username {
        let password = proxy.password.as_ref().map_or("", |p| p.reveal());
        let who = STANDARD.encode(format!("{user}:{password}"));
        head.push_str(&format!("Proxy-Authorization: Basic {who}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    // Byte by byte: what comes behind the head is the server's own.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == HEAD {
            return Err(Refusal::Final("what answers does not speak HTTP".to_owned()));
        }
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) if answer.is_empty() => return Err(Refusal::Passing("it closed the connection".to_owned())),
            Err(_) => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let line: String =
        answer.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    let status = line.strip_prefix("HTTP/").and_then(|l| l.split(' ').nth(1)?.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(Box::new(stream)),
        // Some say it as if they were the server.
        Some(401 | 407) => Err(Refusal::Final(match proxy.username {
            Some(_) => "it refuses the user or the password".to_owned(),
            None => "it wants to know who asks".to_owned(),
        })),
        Some(400 | 403 | 405) => Err(Refusal::Final(format!("it refuses to connect to {target}: `{line}`"))),
        Some(_) => Err(Refusal::Passing(format!("it does not get to {target}: `{line}`"))),
        None => Err(Refusal::Final(format!("what answers does not speak HTTP; it said `{line}`"))),
    }
}
