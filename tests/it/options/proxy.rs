//! A proxy that notes who comes and where he wants to go, by SOCKS 5 or by HTTP, and leads everybody to one port here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::host::Log;

/// Starts one: its port.
pub(super) async fn proxy(name: &'static str, log: Log, to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = log.clone();
            tokio::spawn(async move {
                let asked = match stream.read_u8().await {
                    Ok(5) => socks(&mut stream).await.map(|asked| format!("SOCKS {asked}")),
                    Ok(_) => http(&mut stream).await.map(|asked| format!("HTTP {asked}")),
                    Err(error) => Err(error),
                };
                let (Ok(asked), Ok(mut there)) = (asked, TcpStream::connect(("127.0.0.1", to)).await) else { return };
                log.see(name, asked);
                // Whichever side ends first, nothing is owed to the other.
                let _ = copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    port
}

async fn text(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Behind the first byte: who asks, and for what.
async fn socks(stream: &mut TcpStream) -> io::Result<String> {
    let methods = text(stream).await?;
    let mut asked = String::new();
    if methods.contains('\u{2}') {
        stream.write_all(&[5, 2]).await?;
        stream.read_u8().await?;
        let (user, password) = (text(stream).await?, text(stream).await?);
        asked = format!("of {user}:{password} ");
        stream.write_all(&[1, 0]).await?;
    } else {
        stream.write_all(&[5, 0]).await?;
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await?).to_string(),
        4 => std::net::Ipv6Addr::from(stream.read_u128().await?).to_string(),
        _ => text(stream).await?,
    };
    let port = stream.read_u16().await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(format!("{asked}to {host}:{port}"))
}

async fn http(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = vec![b'C'];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let to = head.split(' ').nth(1).unwrap_or_default();
    let who = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
    let who = who.map(|who| String::from_utf8(STANDARD.decode(who).expect("base64")).expect("a text"));
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    Ok(format!("{}to {to}", who.map_or_else(String::new, |who| format!("of {who} "))))
}
