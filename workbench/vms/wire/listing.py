"""What a VMS has: cameras, archives, hosts, its version and its clock; each form written and read.

Reading takes the forms of all versions: missing keys, a bare array of cameras, an archive without a display name.

>>> read_hosts(b'["SERVER1","SERVER2"]')
('SERVER1', 'SERVER2')
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.core.errors import RequestError
from workbench.vms.wire.document import Fields, remote
from workbench.vms.wire.ids import access_point, source_id
from workbench.vms.wire.nouns import Camera, CameraPage, HostInfo, Storage
from workbench.vms.wire.times import write

MOST_CAMERAS = 100_000
MOST_ZONE = 14 * 60


def write_cameras(page: CameraPage) -> dict[str, Any]:
    """The answer of ``/camera/list``."""
    data: dict[str, Any] = {
        "cameras": [_camera(camera) for camera in page.cameras],
        "search_meta_data": [{"matches": [], "score": 0} for _ in page.cameras],
    }
    return data | ({"nextPageToken": page.next_page} if page.next_page else {})


def _camera(camera: Camera) -> dict[str, Any]:
    point = access_point(camera.id)
    return {
        "accessPoint": point,
        "displayId": camera.display_id,
        "displayName": camera.name,
        "enabled": camera.enabled,
        "isActivated": camera.enabled,
        "ipAddress": "",
        "vendor": "",
        "model": "",
        "groups": [],
        "panomorph": False,
        "comment": camera.comment,
        "camera_access": camera.access,
        "archives": [
            {
                "accessPoint": point,
                "default": storage.default,
                "incomplete": False,
                "isEmbedded": storage.embedded,
                "storage": storage.name,
                "storageDisplayName": storage.display_name,
            }
            for storage in camera.storages
        ],
        "videoStreams": [{"accessPoint": point}],
        "audioStreams": [],
        "detectors": [],
        "offlineDetectors": [],
        "ptzs": [],
        "rays": [],
        "textSources": [],
        "speakers": [],
        **({"sourceId": camera.served_id} if camera.served_id else {}),
    }


def read_cameras(data: bytes) -> CameraPage:
    """One page of cameras; RemoteError naming what is malformed."""
    document = remote(data, "camera list")
    fields = Fields({"cameras": document} if isinstance(document, list) else document, "camera list")
    cameras = tuple(_read_camera(entry) for entry in fields.objects("cameras", most=MOST_CAMERAS))
    return CameraPage(cameras=cameras, next_page=fields.text("nextPageToken", most=4096))


def _read_camera(fields: Fields) -> Camera:
    try:
        identity = str(source_id(fields.text("accessPoint", None, 1000)))
    except RequestError as exc:
        raise fields.bad("accessPoint", "is not a camera's id") from exc
    return Camera(
        id=identity,
        display_id=fields.text("displayId", most=1000),
        name=fields.text("displayName"),
        comment=fields.text("comment"),
        enabled=fields.flag("enabled", True),
        served_id=fields.text("sourceId", most=1000),
        access=fields.text("camera_access", "CAMERA_ACCESS_FULL", 200),
        storages=tuple(
            Storage(
                name=entry.text("storage", None, 1000),
                display_name=entry.text("storageDisplayName", most=1000),
                default=entry.flag("default"),
                embedded=entry.flag("isEmbedded"),
            )
            for entry in fields.objects("archives", required=False, most=10_000)
        ),
    )


def write_archives(storages: Iterable[Storage]) -> dict[str, Any]:
    """The answer of ``/archive/list/{VSID}``: name and default of each archive."""
    return {"archives": [{"default": storage.default, "name": storage.name} for storage in storages]}


def read_archives(data: bytes) -> tuple[Storage, ...]:
    """The archives of a camera; all of them may be ``default: false``."""
    fields = Fields(remote(data, "archive list"), "archive list")
    return tuple(
        Storage(name=name, default=entry.flag("default"), embedded="/DeviceIpint." in name)
        for entry in fields.objects("archives", most=10_000)
        for name in (entry.text("name", None, 1000),)
    )


def write_hosts(names: Iterable[str]) -> list[str]:
    """The answer of ``/hosts/``."""
    return list(names)


def read_hosts(data: bytes) -> tuple[str, ...]:
    """Names of the servers."""
    return Fields({"hosts": remote(data, "host list")}, "host list").texts("hosts", longest=1000)


def write_host(host: HostInfo, nodes: Iterable[str] = ()) -> dict[str, Any]:
    """The answer of ``/hosts/{NODE}``; `nodes` are all servers, the host itself where left out."""
    return {
        "nodeName": host.name,
        "domainInfo": {"domainName": "", "domainFriendlyName": "Default"},
        "platformInfo": {"hostName": host.name, "machine": "", "os": host.os},
        "licenseStatus": "OK",
        "timeZone": host.time_zone,
        "nodes": list(nodes) or [host.name],
    }


def read_host(data: bytes) -> HostInfo:
    """One server: its name, offset from UTC and system."""
    fields = Fields(remote(data, "host"), "host")
    platform = Fields(fields.data.get("platformInfo") or {}, "host: platformInfo")
    return HostInfo(
        name=fields.text("nodeName", None, 1000),
        time_zone=fields.whole("timeZone", -MOST_ZONE, MOST_ZONE, 0),
        os=platform.text("os", most=1000),
    )


def write_version(version: str) -> dict[str, str]:
    """The answer of ``/product/version``."""
    return {"version": version}


def read_version(data: bytes) -> str:
    """Product and version, as the server names itself."""
    return Fields(remote(data, "version", most=2**20), "version").text("version", None, 200)


def write_now(us: int, *, requests: int = 0, uptime: int = 0) -> dict[str, Any]:
    """The answer of ``/statistics/webserver``; `us` is the server's clock."""
    return {
        "now": write(us),
        "requests": requests,
        "requestsPerSecond": 0,
        "bytesOut": 0,
        "bytesOutPerSecond": 0,
        "streams": 0,
        "uptime": uptime,
    }


def read_now(data: bytes) -> int:
    """The server's clock, microseconds since 1970."""
    return Fields(remote(data, "web server statistics", most=2**20), "web server statistics").time("now")
