/** Why a change is being undone, as JSON: with log and transcript, which the records do not hold. */
export const RETREAT = 'ALTER TABLE changes ADD COLUMN retreat TEXT;';
