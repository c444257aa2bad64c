// Runs and listens on nothing.
console.log('still thinking');
setInterval(() => {}, 1 << 30);
