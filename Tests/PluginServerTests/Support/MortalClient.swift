import Foundation
import KongClient
import WireProtocol

/// A process of its own that asks something, and is killed after the answer, as a worker of Kong's may be.
final class MortalClient {
    private let directory: TemporaryDirectory
    private let process = Process()

    /// Returns when the server has answered with the first bytes.
    init(_ request: [UInt8], to socket: String) throws {
        directory = try TemporaryDirectory()
        try CSource.compile(
            """
            #include <stdio.h>
            #include <string.h>
            #include <sys/socket.h>
            #include <sys/un.h>
            #include <unistd.h>
            int main(int count, char **arguments) {
                struct sockaddr_un address = {.sun_family = AF_UNIX};
                strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
                int fd = socket(AF_UNIX, SOCK_STREAM, 0);
                if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return 1;
                char bytes[65536];
                FILE *request = fopen(arguments[2], "r");
                size_t size = fread(bytes, 1, sizeof bytes, request);
                if (write(fd, bytes, size) != (ssize_t)size || read(fd, bytes, sizeof bytes) <= 0) return 2;
                fclose(fopen(arguments[3], "w"));
                for (;;) pause();
            }
            """, to: directory.file("client"), [])
        try Data(request).write(to: URL(fileURLWithPath: directory.file("request")))
        process.executableURL = URL(fileURLWithPath: directory.file("client"))
        process.arguments = [socket, directory.file("request"), directory.file("answered")]
        try process.run()
        guard eventually({ FileManager.default.fileExists(atPath: directory.file("answered")) }) else {
            throw TestFailure("the client has had no answer")
        }
    }

    deinit { end() }

    func end() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
