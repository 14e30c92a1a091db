//! The caller's own address, as AWS sees it: the only one that a temporary security group admits where nothing else is written.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

const HOST: &str = "checkip.amazonaws.com";

/// The address; nothing where it cannot be known. Machines are reached by IPv4, and so is who says it.
pub async fn own() -> Option<Ipv4Addr> {
    tokio::time::timeout(Duration::from_secs(10), ask()).await.ok()?.ok()?
}

async fn ask() -> std::io::Result<Option<Ipv4Addr>> {
    let Some(address) = lookup_host((HOST, 80)).await?.find(std::net::SocketAddr::is_ipv4) else { return Ok(None) };
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET / HTTP/1.0\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(said(&String::from_utf8_lossy(&answer)))
}

/// The address in an answer; another kind of address is none.
fn said(answer: &str) -> Option<Ipv4Addr> {
    answer.split_once("\r\n\r\n")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_old_kind_is_one() {
        let of = |body: &str| said(&format!("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{body}"));
        assert_eq!(of("203.0.113.7\n"), Some(Ipv4Addr::new(203, 0, 113, 7)));
        assert_eq!(of("2001:db8::7\n"), None);
        assert_eq!(of("<html>a proxy</html>"), None);
        assert_eq!(said("203.0.113.7"), None);
    }
}
