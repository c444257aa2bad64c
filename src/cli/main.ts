console.log('reeve', process.argv.slice(2));
