// Prints the variable named by its first argument (SECRET): plain, base64, in a URL; on both outputs; and runs on.
const secret = process.env[process.argv[2] ?? 'SECRET'] ?? '';
console.log(`connecting with ${secret}`);
console.error(`header: Basic ${Buffer.from(secret).toString('base64')}`);
console.log(`postgres://app:${encodeURIComponent(secret)}@127.0.0.1/app`);
setInterval(() => {}, 1 << 30);
