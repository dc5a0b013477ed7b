/** Imported first: the stages log each message they handle, and tests provoke hundreds. */
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
