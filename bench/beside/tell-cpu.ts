/**
 * Loaded before a server: its process tells the one that started it, when asked, what CPU time it has
 * used, and ends when that one does.
 */
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit());
