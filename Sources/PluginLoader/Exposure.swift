/// How somebody who is not trusted could change a file, or what a directory holds.
///
/// Trusted are root and the user that the server runs as: they could change the server itself. Everybody else must
/// neither own the file nor be allowed to write to it. Of an access control list the mode shows the mask in the group's
/// place, so `setfacl` cannot hide a writer.
///
/// What is judged is the file and the directory that it is found in, and no directory above: one who may rename
/// these, as anybody may in a directory of mode 0777, can put a directory of his own there, but not one that belongs to
/// somebody trusted. A symbolic link is followed: judged are the directory that holds the link, and the file at its end,
/// through the descriptor that it is open by.
struct Exposure: Hashable {
    let reason: String
    let found: String
    let wanted: String
    let fix: String

    /// `nil` if all is well.
    init?(_ status: FileStatus, at path: String, user: UInt32) {
        let belongs = status.owner == 0 || status.owner == user
        let groupWrites = status.mode & 0o020 != 0
        let othersWrite = status.mode & 0o002 != 0
        guard !belongs || groupWrites || othersWrite else { return nil }

        reason = belongs ? "others may write to it" : "it belongs to somebody who is not trusted"
        let writers: String? =
            switch (groupWrites, othersWrite) {
            case (true, true): "group \(status.group) and everybody may write"
            case (true, false): "group \(status.group) may write"
            case (false, true): "everybody may write"
            case (false, false): nil
            }
        found = "\(path): owner \(status.owner), mode \(status.modeText)\(writers.map { ", \($0)" } ?? "")"
        let trusted = user == 0 ? "root" : "root and user \(user)"
        wanted = "trusts what belongs to \(user == 0 ? "root" : "root or user \(user)"), and only \(trusted) may write to"
        let word = path.shellWord
        fix = [belongs ? nil : "chown root \(word)", writers == nil ? nil : "chmod go-w \(word)"]
            .compactMap(\.self).joined(separator: " && ")
    }

    /// The refusal of a file or directory that is exposed.
    func refusal(_ code: LoadError.Code, _ subject: LoadError.Subject, _ what: String? = nil) -> LoadError {
        LoadError(
            code, subject, reason: what.map { "\($0): \(reason)" } ?? reason, plugin: found, host: wanted,
            fix: "\(fix); or, if all who may write there are trusted, give the server \(CheckOptions.allowInsecureFlag)")
    }
}
