# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that know the proxy: absolute requests and CONNECT, on port 3128."""

import pytest

from tests.lab import curl
from tests.lab.flows import PROXY, TUNNEL
from tests.lab.gateway import Gateway
from tests.lab.watch import NEW_TCP, Watch

FROM_GATEWAY = {"203.0.113.1", "2001:db8:f::1"}


def test_a_page_by_an_absolute_request(gateway: Gateway) -> None:
    lab = gateway.lab
    answer = lab.lan.curl("http://www.example.com/a?b=c", *PROXY)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert answer.said["server"] == "web"
    assert answer.said["peer"] in FROM_GATEWAY
    assert answer.said["target"] == "/a?b=c"
    assert answer.said["host_field"] == "www.example.com"


def test_what_is_meant_for_the_proxy_ends_there(gateway: Gateway) -> None:
    """RFC 9110, 7.6.1: fields of one connection are not passed on."""
    answer = gateway.lab.lan.curl(
        "http://www.example.com/",
        *PROXY,
        *["-H", "Proxy-Connection: keep-alive"],
        *["-H", "Proxy-Authorization: Basic c2VjcmV0"],
        *["-H", "Connection: X-Mine", "-H", "X-Mine: 1"],
    )
    assert answer.status == 200
    assert answer.said["proxy_connection"] == ""
    assert answer.said["proxy_authorization"] == ""
    assert "X-Mine" not in answer.said["connection_field"]


def test_the_target_counts_and_not_the_host_field(gateway: Gateway) -> None:
    """RFC 9112, 3.2.2: else the policy judges one name and the server another."""
    lie = ["-H", "Host: ads.example.net"]
    answer = gateway.lab.lan.curl("http://www.example.com/", *PROXY, *lie)
    assert answer.said["host_field"] == "www.example.com"


def test_a_form_is_posted(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://www.example.com/", *PROXY, "-d", "a=b")
    assert answer.said["method"] == "POST"


def test_https_in_a_tunnel(gateway: Gateway) -> None:
    """curl checks the certificate: the tunnel was not opened on its way."""
    answer = gateway.lab.lan.curl("https://www.example.com/tunnel", *TUNNEL)
    assert (answer.exit, answer.connect_status, answer.status) == (0, 200, 200)
    assert answer.said["server_name"] == "www.example.com"
    assert answer.said["peer"] in FROM_GATEWAY


def test_a_server_with_only_ipv6(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://v6only.example.com/", *PROXY)
    assert answer.said["peer"] == "2001:db8:f::1"


def test_no_tunnel_to_a_mail_port(gateway: Gateway) -> None:
    lab = gateway.lab
    with Watch(lab.web, "tcp dport 25") as watch:
        answer = lab.lan.curl("http://www.example.com:25/", *TUNNEL)
        assert watch.count() == 0
    assert (answer.exit, answer.connect_status) == (curl.PROXY_REFUSED, 403)


def test_the_page_of_a_refusal_names_the_rule(gateway: Gateway) -> None:
    answer = gateway.lab.lan.curl("http://ads.example.net/banner", *PROXY)
    assert answer.status == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "ads" in answer.text.replace("ads.example.net", "")
    assert not gateway.lab.pages.requests(name="ads.example.net")


def test_a_refused_name_is_not_echoed_as_markup(gateway: Gateway) -> None:
    url = "http://ads.example.net/<script>alert(1)</script>"
    answer = gateway.lab.lan.curl(url, *PROXY, "--globoff", "--path-as-is")
    assert answer.status in (400, 403)
    assert b"<script>alert" not in answer.body


def test_a_closed_path_of_an_open_site(gateway: Gateway) -> None:
    lan = gateway.lab.lan
    assert lan.curl("http://shop.example.com/admin/users", *PROXY).status == 403
    assert lan.curl("http://shop.example.com/basket", *PROXY).status == 200


def test_the_listener_is_for_the_lan_alone(gateway: Gateway) -> None:
    lab = gateway.lab
    for host, address in ((lab.guest, "10.0.0.1"), (lab.out, "203.0.113.1")):
        with pytest.raises(OSError):
            host.connect(address, 3128, timeout=0.5)


@pytest.mark.parametrize(
    "target",
    ["10.0.0.1:3128", "127.0.0.1:3128", "[::1]:3128", "203.0.113.1:22", "0.0.0.0:80"],
)
def test_the_gateway_is_not_reached_through_its_proxy(
    gateway: Gateway, target: str
) -> None:
    answer = gateway.lab.lan.curl(f"http://{target}/", *PROXY)
    assert answer.status == 403


def test_the_lan_is_not_reached_through_the_proxy(gateway: Gateway) -> None:
    lab = gateway.lab
    with Watch(lab.printer, NEW_TCP) as watch:
        for name in ("rebind.example.com", "10.0.0.200", "[::ffff:10.0.0.200]"):
            assert lab.lan.curl(f"http://{name}/", *PROXY).status == 403, name
        assert watch.count() == 0
