#![expect(clippy::unwrap_used, reason = "tests may panic")]

use tokio::time::timeout;

use super::*;

const CEILING: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(100);

/// Starts a server that echoes its input, and connects to it through a proxy.
async fn connected() -> (Proxy, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap().port()).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = connection.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .await
        .unwrap();
    (proxy, connection)
}

async fn echo(connection: &mut TcpStream) -> io::Result<u8> {
    connection.write_all(b"x").await?;
    connection.read_u8().await
}

#[tokio::test]
async fn data_passes_in_both_directions() {
    let (_proxy, mut connection) = connected().await;
    assert_eq!(
        timeout(CEILING, echo(&mut connection)).await.unwrap().unwrap(),
        b'x'
    );
}

#[tokio::test]
async fn a_cut_resets_only_existing_connections() {
    let (proxy, mut connection) = connected().await;
    echo(&mut connection).await.unwrap();
    proxy.cut();
    assert!(timeout(CEILING, connection.read_u8()).await.unwrap().is_err());
    let mut again = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .await
        .unwrap();
    assert_eq!(timeout(CEILING, echo(&mut again)).await.unwrap().unwrap(), b'x');
}

#[tokio::test]
async fn a_refusing_proxy_resets_new_connections() {
    let (proxy, mut connection) = connected().await;
    echo(&mut connection).await.unwrap();
    proxy.refuse(true);
    let mut refused = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .await
        .unwrap();
    assert!(timeout(CEILING, refused.read_u8()).await.unwrap().is_err());
    proxy.refuse(false);
    let mut again = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .await
        .unwrap();
    assert_eq!(timeout(CEILING, echo(&mut again)).await.unwrap().unwrap(), b'x');
}

#[tokio::test]
async fn a_stalled_direction_delivers_its_data_later() {
    let (proxy, mut connection) = connected().await;
    for (there, back) in [
        (DataFlow::Stalled, DataFlow::Open),
        (DataFlow::Open, DataFlow::Stalled),
    ] {
        proxy.set(there, back);
        connection.write_all(b"x").await.unwrap();
        assert!(timeout(SILENCE, connection.read_u8()).await.is_err());
        proxy.set(DataFlow::Open, DataFlow::Open);
        assert_eq!(
            timeout(CEILING, connection.read_u8()).await.unwrap().unwrap(),
            b'x'
        );
    }
}

#[tokio::test]
async fn new_connections_go_to_the_new_target() {
    let (proxy, mut connection) = connected().await;
    echo(&mut connection).await.unwrap();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    proxy.set_target(other.local_addr().unwrap().port());
    assert!(timeout(CEILING, connection.read_u8()).await.unwrap().is_err());
    let again = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
        .await
        .unwrap();
    timeout(CEILING, other.accept()).await.unwrap().unwrap();
    drop(again);
}
