# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SFTP door, from outside: a real server, asyncssh's client and OpenSSH's."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import asyncssh
import pytest

from camera_registry import selectors, services
from camera_registry.choices import RejectReason
from camera_registry.sftp_files import CameraFiles
from tests.camera_registry.doors import RunningDoor, running_door
from tests.camera_registry.factories import CameraWithKey, a_camera, a_camera_with_key

pytestmark = pytest.mark.django_db(transaction=True)

FRAME = b"\xff\xd8" + bytes(50_000) + b"\xff\xd9"


@pytest.fixture
def door():
    with running_door() as running:
        yield running


@pytest.fixture
def pole() -> CameraWithKey:
    return a_camera_with_key("pole-north")


def visit(door: RunningDoor, who: CameraWithKey, steps):
    """Log in with the camera's key, run `await steps(sftp)` and return what it returns."""

    async def go():
        async with (
            door.connect(who.camera.name, client_keys=[who.key]) as connection,
            connection.start_sftp_client() as sftp,
        ):
            return await steps(sftp)

    return asyncio.run(asyncio.wait_for(go(), 20))


async def put(sftp, path: bytes | str, data: bytes = FRAME) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(data)


def landed(door: RunningDoor, name: str = "pole-north") -> dict[str, bytes]:
    folder = door.inbox / name
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def counted(door: RunningDoor, account: str = "pole-north") -> dict[str, int]:
    door.until_empty()
    door.check()
    return selectors.rejection_counts(account)


class TestLogin:
    def test_a_registered_key_opens_the_door(self, door, pole):
        visit(door, pole, lambda sftp: put(sftp, "x.jpg"))
        assert landed(door) == {"x.jpg": FRAME}
        assert counted(door) == {}

    @pytest.mark.parametrize(
        ("account", "reason"),
        [
            ("pole-north", RejectReason.BAD_LOGIN),
            ("switched-off", RejectReason.DISABLED),
            ("nobody-here", RejectReason.UNKNOWN_CAMERA),
        ],
    )
    def test_others_stay_outside_and_are_counted(self, door, pole, account, reason):
        a_camera("switched-off", enabled=False)
        wrong = asyncssh.generate_private_key("ssh-ed25519")

        async def go():
            with pytest.raises(asyncssh.PermissionDenied):
                await door.connect(account, client_keys=[wrong])

        asyncio.run(go())
        assert counted(door, account) == {reason: 1}

    def test_a_disabled_camera_with_its_right_key_is_refused(self, door, pole):
        services.set_enabled(pole.camera, False)
        with pytest.raises(asyncssh.PermissionDenied):
            visit(door, pole, lambda sftp: put(sftp, "x.jpg"))
        assert landed(door) == {}
        assert counted(door) == {RejectReason.DISABLED: 1}

    def test_names_invented_at_the_door_do_not_fill_the_table(self, door, monkeypatch):
        monkeypatch.setattr(services, "MAX_UNKNOWN_ACCOUNTS", 2)
        for name in ("one-a", "one-b", "one-c", "one-d", "../etc", "x" * 500):
            services.record_rejection(name, RejectReason.UNKNOWN_CAMERA)
        assert selectors.rejection_counts("(other names)") == {"unknown_camera": 4}

    def test_a_password_only_after_the_owner_opted_in(self, door, pole):
        async def go(password):
            async with door.connect("pole-north", password=password) as c, c.start_sftp_client() as sftp:
                await put(sftp, "p.jpg")

        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(go(""))
        password = services.set_generated_password(pole.camera)
        assert len(password) >= 32
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(go(password + "x"))
        asyncio.run(go(password))
        asyncio.run(go(password))  # a second time, from the door's memory
        assert "p.jpg" in landed(door)
        services.remove_password(pole.camera)
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(go(password))
        assert counted(door)["bad_login"] == 3

    def test_guessing_is_ended(self, door, pole, monkeypatch):
        """After a few wrong passwords from one address, even the right one has to wait."""
        monkeypatch.setattr("camera_registry.login.MAX_FAILURES", 2)
        monkeypatch.setattr("camera_registry.login.Logins._hash_matches", lambda self, p, s: p == "right")
        services.set_generated_password(pole.camera)

        async def go(password):
            async with door.connect("pole-north", password=password):
                pass

        for _ in range(2):
            with pytest.raises(asyncssh.PermissionDenied):
                asyncio.run(go("wrong"))
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(go("right"))

    @pytest.mark.parametrize("change", ["disabled", "key removed", "camera deleted"])
    def test_an_open_session_ends_when_the_camera_loses_its_right(self, door, pole, change):
        async def go():
            async with (
                door.connect("pole-north", client_keys=[pole.key]) as connection,
                connection.start_sftp_client() as sftp,
            ):
                file = await sftp.open("half.jpg", "wb")
                await file.write(FRAME)
                if change == "disabled":
                    await asyncio.to_thread(services.set_enabled, pole.camera, False)
                elif change == "key removed":
                    await asyncio.to_thread(pole.camera.keys.all().delete)
                else:
                    await asyncio.to_thread(pole.camera.delete)
                await asyncio.wait_for(connection.wait_closed(), 8)  # within seconds, by itself

        asyncio.run(go())
        assert landed(door) == {}

    def test_the_host_keys_are_made_once_and_are_ours_alone(self, settings):
        with running_door() as first:
            pass
        key = Path(settings.SPARK_SFTP_HOST_KEY)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        with running_door() as second:
            assert second.fingerprints == first.fingerprints
        assert [line.split()[0] for line in first.fingerprints] == ["ssh-ed25519", "ecdsa-sha2-nistp256"]
        assert all(" SHA256:" in line for line in first.fingerprints)


class TestUploads:
    def test_half_an_upload_is_never_seen_under_its_name(self, door, pole):
        async def steps(sftp):
            file = await sftp.open("x.jpg", "wb")
            await file.write(FRAME[:1000])
            before = [name for name in landed(door) if not name.startswith(".")]
            await file.write(FRAME[1000:], 1000)
            await file.close()
            return before

        assert visit(door, pole, steps) == []
        assert landed(door) == {"x.jpg": FRAME}

    def test_a_broken_connection_leaves_what_came(self, door, pole):
        """Intake counts it as truncated; nothing hidden stays behind."""

        async def go():
            connection = await door.connect("pole-north", client_keys=[pole.key])
            sftp = await connection.start_sftp_client()
            file = await sftp.open("x.jpg", "wb")
            await file.write(FRAME[:1000])
            connection.abort()
            await connection.wait_closed()

        asyncio.run(go())
        deadline = time.monotonic() + 5
        while "x.jpg" not in landed(door) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert landed(door) == {"x.jpg": FRAME[:1000]}

    def test_put_to_a_temporary_name_then_rename(self, door, pole):
        async def steps(sftp):
            await put(sftp, "x.jpg.tmp")
            await sftp.rename("x.jpg.tmp", "x.jpg")
            await put(sftp, "y.part")
            await sftp.posix_rename("y.part", "x.jpg")  # over the one before: newer frames win
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.rename("y.part", "z.jpg")

        visit(door, pole, steps)
        assert landed(door) == {"x.jpg": FRAME}
        assert counted(door) == {"replaced": 1}

    def test_the_same_snapshot_for_ever(self, door, pole):
        async def steps(sftp):
            for number in range(3):
                await put(sftp, "snapshot.jpg", FRAME + bytes([number]))

        visit(door, pole, steps)
        assert landed(door) == {"snapshot.jpg": FRAME + b"\x02"}
        assert counted(door) == {"replaced": 2}

    def test_stat_after_put_works_even_when_intake_was_quicker(self, door, pole):
        async def steps(sftp):
            await put(sftp, "x.jpg.tmp")
            (door.inbox / "pole-north" / "x.jpg.tmp").unlink()
            await sftp.rename("x.jpg.tmp", "x.jpg")
            await sftp.utime("x.jpg", (1, 1))
            await sftp.chmod("x.jpg", 0o644)
            return (await sftp.stat("x.jpg")).size

        assert visit(door, pole, steps) == len(FRAME)

    @pytest.mark.parametrize("renamed", [False, True])
    def test_the_time_that_a_client_gives_its_file_is_kept_for_its_clock(self, door, pole, renamed):
        async def steps(sftp):
            await put(sftp, "x.tmp" if renamed else "x.jpg")
            if renamed:
                await sftp.rename("x.tmp", "x.jpg")
            await sftp.utime("x.jpg", (1_600_000_000, 1_600_000_000))
            await sftp.utime("other.jpg", (1, 1))  # not its own, not there: nothing happens
            await sftp.utime("2026/", (1, 1))

        visit(door, pole, steps)
        status = (door.inbox / "pole-north" / "x.jpg").stat()
        assert status.st_mtime_ns == 1_600_000_000 * 10**9
        assert status.st_ctime > 1_700_000_000  # by which everything goes
        assert counted(door) == {}

    def test_year_and_month_folders_are_pretended(self, door, pole):
        async def steps(sftp):
            await sftp.makedirs("2026/11")
            await sftp.chdir("2026/11")
            await put(sftp, "x.jpg")
            return await sftp.isdir("/2026/11"), await sftp.isdir("/2025"), await sftp.listdir("/")

        assert visit(door, pole, steps) == (True, False, [".", ".."])
        assert [path.name for path in (door.inbox / "pole-north").iterdir()] == ["x.jpg"]

    def test_take_back_what_a_test_button_uploaded(self, door, pole):
        async def steps(sftp):
            await put(sftp, "test.txt", b"test")
            await sftp.remove("test.txt")

        visit(door, pole, steps)
        assert landed(door) == {}

    def test_only_the_system_user_reads_what_came(self, door, pole):
        visit(door, pole, lambda sftp: put(sftp, "x.jpg"))
        folder = door.inbox / "pole-north"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "x.jpg").stat().st_mode) == 0o600


class TestLimits:
    def test_a_file_above_the_cap_is_dropped(self, pole):
        with running_door(max_bytes=100_000) as door:

            async def steps(sftp):
                with pytest.raises(asyncssh.SFTPError):
                    await put(sftp, "big.jpg", bytes(300_000))
                with pytest.raises(asyncssh.SFTPError):
                    async with sftp.open("far.jpg", "wb") as file:
                        await file.write(b"x", 1 << 40)
                await put(sftp, "ok.jpg")

            visit(door, pole, steps)
            assert landed(door) == {"ok.jpg": FRAME}
            assert counted(door) == {"too_large": 2}

    def test_more_uploads_a_minute_than_allowed(self, pole):
        with running_door(per_minute=3) as door:

            async def steps(sftp):
                for number in range(3):
                    await put(sftp, f"{number}.jpg")
                with pytest.raises(asyncssh.SFTPError, match="3 uploads a minute"):
                    await put(sftp, "4.jpg")

            visit(door, pole, steps)
            assert counted(door) == {"too_large": 1}

    def test_a_full_disk_is_told(self, door, pole, monkeypatch):
        usage = shutil.disk_usage("/")._replace(free=1000)
        monkeypatch.setattr("camera_registry.upload_folder.shutil.disk_usage", lambda path: usage)

        async def steps(sftp):
            with pytest.raises(asyncssh.SFTPError, match="nearly full"):
                await put(sftp, "x.jpg")

        visit(door, pole, steps)
        assert landed(door) == {}

    def test_files_do_not_heap_up_while_intake_is_not_running(self, door, pole):
        async def steps(sftp):
            for number in range(20):
                await put(sftp, f"{number:02}.jpg", FRAME[:100])

        visit(door, pole, steps)
        assert sorted(landed(door)) == [f"{number:02}.jpg" for number in range(4, 20)]
        assert counted(door) == {"replaced": 4}


PATH_TRICKS = [
    b"../x.jpg",
    b"/../../etc/passwd",
    b"a/../../x.jpg",
    b"/etc/passwd",
    b"other-camera/x.jpg",
    b"..\\x.jpg",
    b"C:\\x.jpg",
    b"x\x00.jpg",
    b"x\n.jpg",
    b"x\x1b[2J.jpg",
    b"\xff\xfe.jpg",
    b".hidden.jpg",
    b".upload-0011",
    b".",
    b"..",
    b"/",
    b"",
    b"x.jpg/",
    b"$(reboot).jpg",
    b"x" * 300,
    b"a/" * 500 + b"x.jpg",
    b"a/b/c/d/e/f/g/h/i/j/x.jpg",
]


class TestTricks:
    def test_path_tricks_end_cleanly_and_are_counted(self, door, pole):
        async def steps(sftp):
            for path in PATH_TRICKS:
                with pytest.raises(asyncssh.SFTPError):
                    await put(sftp, path)
                    pytest.fail(f"{path!r} was accepted")
            await put(sftp, "after.jpg")
            for path in PATH_TRICKS:
                with pytest.raises(asyncssh.SFTPError):
                    await sftp.rename(b"after.jpg", path)
                    pytest.fail(f"rename to {path!r} was accepted")

        visit(door, pole, steps)
        assert landed(door) == {"after.jpg": FRAME}
        assert list(door.inbox.iterdir()) == [door.inbox / "pole-north"]
        assert counted(door) == {"bad_name": 2 * len(PATH_TRICKS)}

    def test_nothing_can_be_read_listed_or_changed(self, door, pole):
        a_camera("neighbour")
        other = door.inbox / "neighbour"
        other.mkdir()
        (other / "n.jpg").write_bytes(FRAME)
        mine = door.inbox / "pole-north"
        mine.mkdir()
        (mine / "earlier.jpg").write_bytes(FRAME)

        async def steps(sftp):
            await put(sftp, "x.jpg")
            for path in ("x.jpg", "earlier.jpg", "/neighbour/n.jpg", "../neighbour/n.jpg", "/etc/hostname"):
                with pytest.raises(asyncssh.SFTPError):
                    await sftp.open(path, "rb")
                with pytest.raises(asyncssh.SFTPError):
                    async with sftp.open(path, "r+b") as file:
                        await file.read(10)
            for path in ("earlier.jpg", "/neighbour/n.jpg", "/etc/hostname"):
                for what in ("stat", "lstat", "remove", "readlink", "statvfs", "listdir"):
                    with pytest.raises(asyncssh.SFTPError):
                        pytest.fail(f"{what} {path}: {await getattr(sftp, what)(path)}")
                with pytest.raises(asyncssh.SFTPError):
                    await sftp.rename(path, "stolen.jpg")
            assert await sftp.listdir(".") == [".", ".."]
            with pytest.raises(asyncssh.SFTPError):
                await sftp.symlink("/etc/passwd", "link.jpg")
            with pytest.raises(asyncssh.SFTPError):
                await sftp.link("x.jpg", "hard.jpg")
            with pytest.raises(asyncssh.SFTPError):
                async with sftp.open("x.jpg", "ab") as file:
                    await file.write(b"more")

        visit(door, pole, steps)
        assert counted(door)["symlink"] == 2
        assert (other / "n.jpg").read_bytes() == FRAME
        assert landed(door) == {"x.jpg": FRAME, "earlier.jpg": FRAME}

    def test_no_shell_no_command_no_forwarding(self, door, pole):
        async def go():
            async with door.connect("pole-north", client_keys=[pole.key]) as connection:
                for attempt in (
                    lambda: connection.run("id", check=True),
                    lambda: connection.create_process(),
                    lambda: connection.create_process(subsystem="netconf"),
                    lambda: connection.open_connection("127.0.0.1", 22),
                    lambda: connection.open_unix_connection("/tmp/x"),
                    lambda: asyncssh.scp(b"/etc/hostname", (connection, "x.jpg")),
                ):
                    with pytest.raises((asyncssh.Error, OSError)):
                        result = await asyncio.wait_for(attempt(), 5)
                        await result.wait(check=True)
                for listen in (
                    lambda: connection.start_server(lambda *_: None, "127.0.0.1", 0),
                    lambda: connection.start_unix_server(lambda *_: None, "/tmp/spark-test-socket"),
                ):
                    with pytest.raises(asyncssh.ChannelListenError):
                        await asyncio.wait_for(listen(), 5)

        asyncio.run(go())

    def test_every_operation_of_the_library_is_answered_by_us(self):
        """A new version of asyncssh with a new operation must not open the file system."""
        harmless = {"channel", "connection", "env", "logger", "convert_attrs", "format_user", "format_group"}
        harmless |= {"format_longname"}
        operations = {
            name
            for name, member in inspect.getmembers(asyncssh.SFTPServer)
            if not name.startswith("_") and callable(member)
        }
        missing = [name for name in operations - harmless if name not in vars(CameraFiles)]
        assert missing == []


@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp client is not installed")
def test_opensshs_own_client(door, pole, tmp_path):
    """Interactive clients resolve paths and look around first; uploads must work all the same."""
    key = tmp_path / "key"
    pole.key.write_private_key(key)
    key.chmod(0o600)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(FRAME)
    batch = "\n".join(
        [
            f"put {photo} snapshot.jpg",
            f"put -p {photo} other.jpg.tmp",
            "rename other.jpg.tmp other.jpg",
            "-mkdir 2026",
            f"put {photo} 2026/dated.jpg",
            f"-put {photo} ../../escape.jpg",
            "-get snapshot.jpg",
            "ls -la",
        ]
    )
    command = [
        *("sftp", "-b", "-", "-P", str(door.port), "-i", str(key), "-o", "IdentitiesOnly=yes"),
        *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={os.devnull}", "-F", os.devnull),
        "pole-north@127.0.0.1",
    ]
    done = subprocess.run(
        command, input=batch, capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(landed(door)) == ["dated.jpg", "other.jpg", "snapshot.jpg"]
    assert counted(door) == {"bad_name": 1}
    assert "photo.jpg" not in done.stdout.split("ls -la")[-1]
